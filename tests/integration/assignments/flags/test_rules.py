"""What the database itself refuses about flags."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from assignments.engine.flags import DEFAULT_PARALLEL
from assignments.flags import services
from assignments.models import Cohort, FlagAcknowledgement, FlagChange, FlagOverride, FlagState
from bookings.models import Restaurant
from tests.factories import NOW, RestaurantFactory
from tests.integration.assignments.flags.changes import CAUSE

pytestmark = pytest.mark.django_db

COHORT = {"label": "ten", "percentage": 10, "salt": "salt", "restaurants": [1]}
OVERRIDE = {"flag": "v3", "percentage": 10, "reason": "a test", "author": "engineer"}
CHANGE = {
    "version": 1,
    "flag": "v3",
    "from_value": None,
    "to_value": 1,
    "reason": "a test",
    "author": "engineer",
    "created_at": NOW,
}


def refused(rule: str, model: Any, **values: Any) -> None:
    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        model.objects.create(**values)


@pytest.fixture
def restaurant() -> Restaurant:
    made: Restaurant = RestaurantFactory()
    return made


@pytest.mark.parametrize(
    ("rule", "bad"),
    [
        ("flag_cohorts_percentage_range", {"percentage": 0}),
        ("flag_cohorts_percentage_range", {"percentage": "100.01"}),
        ("flag_cohorts_one_is_in", {"restaurants": []}),
        ("flag_cohorts_named", {"label": ""}),
        ("flag_cohorts_named", {"salt": ""}),
    ],
)
def test_cohorts(rule: str, bad: dict[str, Any]) -> None:
    refused(rule, Cohort, **COHORT | bad)


def test_a_cohorts_label_is_used_once_and_everyone_may_be_nobody_yet() -> None:
    Cohort.objects.create(**COHORT)
    Cohort.objects.create(**COHORT | {"label": "all", "percentage": 100, "restaurants": []})
    refused("label", Cohort, **COHORT)


@pytest.mark.parametrize(
    ("rule", "bad"),
    [
        ("flags_one_row", {"id": 2}),
        ("flags_max_parallel_range", {"max_parallel": 0}),
        ("flags_max_parallel_range", {"max_parallel": 11}),
        ("version", {"version": -1}),
    ],
)
def test_the_row_of_values(rule: str, bad: dict[str, Any]) -> None:
    refused(rule, FlagState, **bad)


def test_fresh_values_are_the_engines() -> None:
    FlagState.objects.create()
    state = FlagState.objects.get()
    assert (state.version, state.cohort, state.shadow, state.killed) == (0, None, False, False)
    assert state.max_parallel == DEFAULT_PARALLEL


@pytest.mark.parametrize("step", [0, -1, 2])
def test_the_version_goes_up_by_one_with_every_write(step: int) -> None:
    services.kill(**CAUSE)
    with pytest.raises(IntegrityError, match="flags version 2 follows 1"), transaction.atomic():
        FlagState.objects.update(version=1 + step, killed=False)


@pytest.mark.parametrize(
    ("rule", "bad"),
    [
        ("flag_overrides_flag_known", {"flag": "kill"}),
        ("flag_overrides_percentage_range", {"percentage": -1}),
        ("flag_overrides_percentage_range", {"percentage": 101}),
        ("flag_overrides_explained", {"reason": ""}),
        ("flag_overrides_explained", {"author": ""}),
    ],
)
def test_overrides(rule: str, bad: dict[str, Any], restaurant: Restaurant) -> None:
    refused(rule, FlagOverride, restaurant=restaurant, **OVERRIDE | bad)


def test_a_restaurant_has_one_override_of_a_flag(restaurant: Restaurant) -> None:
    FlagOverride.objects.create(restaurant=restaurant, **OVERRIDE)
    FlagOverride.objects.create(restaurant=restaurant, **OVERRIDE | {"flag": "shadow"})
    refused("flag_overrides_one_each", FlagOverride, restaurant=restaurant, **OVERRIDE)


@pytest.mark.parametrize(
    ("rule", "bad"),
    [
        ("flag_changes_version_positive", {"version": 0}),
        ("flag_changes_flag_known", {"flag": "speed"}),
        ("flag_changes_change", {"to_value": None}),
        ("flag_changes_change", {"from_value": {"a": 1, "b": 2}, "to_value": {"b": 2, "a": 1}}),
        ("flag_changes_explained", {"reason": ""}),
        ("flag_changes_explained", {"author": ""}),
    ],
)
def test_changes(rule: str, bad: dict[str, Any]) -> None:
    refused(rule, FlagChange, **CHANGE | bad)


def test_a_version_is_one_change_and_a_kill_is_for_all(restaurant: Restaurant) -> None:
    FlagChange.objects.create(**CHANGE)
    refused("version", FlagChange, **CHANGE)
    refused(
        "flag_changes_restaurant_has_a_say",
        FlagChange,
        restaurant=restaurant,
        **CHANGE | {"flag": "kill", "version": 2},
    )


def test_a_worker_has_a_name_and_one_row() -> None:
    times = {"version": 1, "started_at": NOW, "acknowledged_at": NOW, "seen_at": NOW}
    FlagAcknowledgement.objects.create(worker="one", **times)
    refused("worker", FlagAcknowledgement, worker="one", **times)
    refused("flag_acknowledgements_named", FlagAcknowledgement, worker="", **times)


@pytest.mark.parametrize("table", ["assignment_flag_changes", "assignment_flag_cohorts"])
@pytest.mark.parametrize(
    "change", ["UPDATE {} SET created_at = now()", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
)
def test_what_was_changed_and_who_was_in_is_never_rewritten(
    table: str, change: str, restaurant: Restaurant
) -> None:
    services.set_cohort(percentage=100, **CAUSE)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with (
        pytest.raises(IntegrityError, match=f"{table} is append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(change.format(table))

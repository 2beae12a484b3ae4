"""Changes of flags: one transaction each, with version, log row and event; bad values are refused."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from assignments import flags
from assignments.engine.flags import RESTAURANT_SALT, Flag, Mode
from assignments.flags import BadValueError, PinnedError, overview, services, store
from assignments.flags.authors import Author
from assignments.flags.changes import Change
from assignments.flags.cohorts import checked_percentage, preview_cohort
from assignments.models import Cohort, FlagChange, FlagOverride
from bookings.models import Restaurant
from observability.models import Event
from tests.factories import NOW, RestaurantFactory
from tests.integration.assignments.flags.changes import CAUSE

pytestmark = pytest.mark.django_db


@pytest.fixture
def restaurant() -> Restaurant:
    made: Restaurant = RestaurantFactory()
    return made


def mode(restaurant: Restaurant | int, booking: int = 1) -> Mode:
    return flags.current().mode(restaurant if isinstance(restaurant, int) else restaurant.pk, booking)


def log() -> list[tuple[Any, ...]]:
    return list(FlagChange.objects.values_list("version", "flag", "restaurant", "from_value", "to_value"))


def test_without_a_word_from_anybody_everything_is_legacy_at_version_0(restaurant: Restaurant) -> None:
    snapshot = flags.current()
    assert (snapshot.version, snapshot.killed, snapshot.max_parallel(restaurant.pk)) == (0, False, 3)
    assert mode(restaurant) is Mode.DISABLED


def test_a_cohort_of_100_percent_is_everyone_also_who_comes_later(restaurant: Restaurant) -> None:
    assert services.set_cohort(percentage=100, **CAUSE) == Change(version=1, changed=True)
    assert mode(restaurant) is Mode.ACTIVE
    assert mode(RestaurantFactory().pk) is Mode.ACTIVE
    services.set_cohort(percentage=0, **CAUSE)
    assert mode(restaurant) is Mode.DISABLED


def test_a_cohort_can_be_everyone_before_there_is_anyone() -> None:
    services.set_cohort(percentage=100, **CAUSE)
    assert mode(RestaurantFactory().pk) is Mode.ACTIVE


def test_at_least_one_restaurant_is_in_and_none_is_refused() -> None:
    with pytest.raises(BadValueError, match="add restaurants first"):
        services.set_cohort(percentage=Decimal("0.01"), **CAUSE)
    restaurants = RestaurantFactory.create_batch(5)
    services.set_cohort(percentage=Decimal("0.01"), **CAUSE)
    assert [mode(restaurant) for restaurant in restaurants].count(Mode.ACTIVE) == 1


def test_phases_are_nested_and_a_rollback_brings_the_frozen_list_back() -> None:
    def active() -> set[int]:
        return {pk for pk in Restaurant.objects.values_list("pk", flat=True) if mode(pk) is Mode.ACTIVE}

    RestaurantFactory.create_batch(30)
    services.set_cohort(percentage=10, label="production_10", **CAUSE)
    ten = active()
    RestaurantFactory.create_batch(30)
    assert active() == ten, "frozen: who comes in a phase waits for the next"
    services.set_cohort(percentage=50, label="production_50", **CAUSE)
    fifty = active()
    services.set_cohort(percentage=100, label="production_100", **CAUSE)
    everyone = active()
    assert ten < fifty < everyone
    assert len(everyone) == 60
    services.set_cohort(percentage=50, label="production_50", **CAUSE)
    assert active() == fifty
    services.set_cohort(percentage=10, label="production_10", **CAUSE)
    assert active() == ten
    assert Cohort.objects.count() == 3


def test_a_label_is_frozen_at_its_percentage(restaurant: Restaurant) -> None:
    services.set_cohort(percentage=10, label="production_10", **CAUSE)
    with pytest.raises(
        BadValueError, match=r"'production_10' is frozen at 10 %, not 20 %: take another label"
    ):
        services.set_cohort(percentage=20, label="production_10", **CAUSE)


def test_a_label_given_away_before_is_not_in_the_way_of_a_version(restaurant: Restaurant) -> None:
    Cohort.objects.create(label="v1", percentage=10, salt=RESTAURANT_SALT, restaurants=[restaurant.pk])
    services.set_cohort(percentage=100, **CAUSE)
    assert store.read().cohort == "v1.2"


def test_setting_the_same_percentage_again_adds_only_who_came_since() -> None:
    RestaurantFactory.create_batch(3)
    services.set_cohort(percentage=100, **CAUSE)
    assert services.set_cohort(percentage=100, **CAUSE) == Change(version=1, changed=False)
    RestaurantFactory()
    assert services.set_cohort(percentage=100, **CAUSE) == Change(version=2, changed=True)


def test_the_preview_is_who_will_be_in() -> None:
    RestaurantFactory.create_batch(20)
    seen = preview_cohort(percentage=30)
    services.set_cohort(percentage=30, **CAUSE)
    assert flags.current().flags.v3.members == seen
    assert preview_cohort(percentage=0) == frozenset()
    assert Cohort.objects.count() == 1


def test_shadow_is_for_whom_v3_does_not_decide(restaurant: Restaurant) -> None:
    services.set_shadow(on=True, **CAUSE)
    assert mode(restaurant) is Mode.SHADOW
    services.set_cohort(percentage=100, **CAUSE)
    assert mode(restaurant) is Mode.ACTIVE
    services.set_cohort(percentage=0, **CAUSE)
    services.set_shadow(on=False, **CAUSE)
    assert mode(restaurant) is Mode.DISABLED


def test_an_override_is_for_one_restaurant_and_replaces_the_one_before(restaurant: Restaurant) -> None:
    other = RestaurantFactory()
    services.set_cohort(percentage=100, **CAUSE)
    services.set_override(restaurant_id=restaurant.pk, percentage=0, **CAUSE)
    services.set_override(restaurant_id=restaurant.pk, percentage=100, flag=Flag.SHADOW, **CAUSE)
    assert (mode(restaurant), mode(other.pk)) == (Mode.SHADOW, Mode.ACTIVE)
    services.set_override(restaurant_id=restaurant.pk, percentage=50, **CAUSE)
    assert {mode(restaurant, booking) for booking in range(1, 30)} == {Mode.ACTIVE, Mode.SHADOW}
    services.clear_override(restaurant_id=restaurant.pk, **CAUSE)
    assert mode(restaurant) is Mode.ACTIVE
    assert [override.flag for override in FlagOverride.objects.all()] == ["shadow"]


def test_an_override_expires_by_itself_by_the_databases_clock(restaurant: Restaurant) -> None:
    clock = flags.current().now
    services.set_override(
        restaurant_id=restaurant.pk,
        percentage=100,
        expires_at=clock - timedelta(seconds=1),
        **CAUSE | {"now": NOW - timedelta(days=900)},
    )
    assert mode(restaurant) is Mode.DISABLED
    services.set_override(
        restaurant_id=restaurant.pk,
        percentage=100,
        expires_at=clock + timedelta(hours=1),
        **CAUSE | {"now": clock},
    )
    assert mode(restaurant) is Mode.ACTIVE


def test_a_kill_beats_all_of_it_and_reviving_brings_it_back(restaurant: Restaurant) -> None:
    services.set_override(restaurant_id=restaurant.pk, percentage=100, **CAUSE)
    services.set_shadow(on=True, **CAUSE)
    services.kill(**CAUSE)
    assert flags.current().killed
    assert mode(restaurant) is Mode.DISABLED
    services.revive(**CAUSE)
    assert mode(restaurant) is Mode.ACTIVE


@pytest.mark.parametrize("limit", [1, 10])
def test_the_limit_is_for_every_restaurant(limit: int, restaurant: Restaurant) -> None:
    services.set_max_parallel(limit=limit, **CAUSE)
    assert flags.current().max_parallel(restaurant.pk) == limit


def test_each_change_is_one_version_with_who_when_from_to_and_why(restaurant: Restaurant) -> None:
    user = get_user_model().objects.create_user("olga")
    cause: dict[str, Any] = {"reason": "phase 1", "by": Author(name="olga", user_id=user.pk), "now": NOW}
    services.set_cohort(percentage=100, label="all", **cause)
    services.set_shadow(on=True, **cause)
    services.set_max_parallel(limit=4, **cause)
    services.set_override(restaurant_id=restaurant.pk, percentage=25, **cause)
    services.clear_override(restaurant_id=restaurant.pk, **cause)
    services.kill(**cause)
    services.revive(**cause)
    services.set_cohort(percentage=0, **cause)
    everyone = {"label": "all", "percentage": "100.00", "restaurants": 1}
    quarter = {"percentage": "25.00", "expires_at": None}
    assert log() == [
        (1, "v3", None, None, everyone),
        (2, "shadow", None, False, True),
        (3, "max_parallel", None, 3, 4),
        (4, "v3", restaurant.pk, None, quarter),
        (5, "v3", restaurant.pk, quarter, None),
        (6, "kill", None, False, True),
        (7, "kill", None, True, False),
        (8, "v3", None, everyone, None),
    ]
    assert set(FlagChange.objects.values_list("reason", "author", "actor", "created_at")) == {
        ("phase 1", "olga", user.pk, NOW)
    }
    events = Event.objects.filter(source="flags").order_by("id")
    assert [(event.event_type, event.context["version"]) for event in events] == [
        ("flag.killed" if version == 6 else "flag.changed", version) for version in range(1, 9)
    ]
    assert events[3].restaurant_id == restaurant.pk
    assert events[2].context == {
        "flag": "max_parallel",
        "version": 3,
        "from": 3,
        "to": 4,
        "reason": "phase 1",
    }


def unchanged() -> list[Callable[[], Change]]:
    return [
        partial(services.set_cohort, percentage=0, **CAUSE),
        partial(services.set_shadow, on=False, **CAUSE),
        partial(services.set_max_parallel, limit=3, **CAUSE),
        partial(services.clear_override, restaurant_id=1, **CAUSE),
        partial(services.revive, **CAUSE),
    ]


@pytest.mark.parametrize("call", unchanged(), ids=lambda call: call.func.__name__)
def test_the_value_already_in_force_is_no_change(call: Callable[[], Change]) -> None:
    assert call() == Change(version=0, changed=False)
    assert (log(), Event.objects.filter(source="flags").count()) == ([], 0)


def test_a_second_kill_and_a_repeated_override_are_no_change(restaurant: Restaurant) -> None:
    services.kill(**CAUSE)
    services.set_override(restaurant_id=restaurant.pk, percentage=5, **CAUSE)
    assert services.kill(**CAUSE) == Change(version=2, changed=False)
    assert not services.set_override(restaurant_id=restaurant.pk, percentage=5, **CAUSE).changed


def bad() -> list[tuple[Callable[[], Change], str]]:
    long_ago = NOW - timedelta(days=1)
    override = partial(services.set_override, restaurant_id=1, percentage=10)
    return [
        (partial(services.set_cohort, percentage=101, **CAUSE), "101 % is refused: give 0 to 100"),
        (partial(services.set_cohort, percentage=-1, **CAUSE), "-1 % is refused"),
        (partial(services.set_cohort, percentage=Decimal("NaN"), **CAUSE), "NaN % is refused"),
        (partial(services.set_cohort, percentage=Decimal("0.001"), **CAUSE), "finer than one bucket"),
        (partial(services.set_cohort, percentage=100, label="Phase 1", **CAUSE), "'Phase 1' is no label"),
        (partial(services.set_max_parallel, limit=0, **CAUSE), "0 runs at once are refused: give 1 to 10"),
        (partial(services.set_max_parallel, limit=11, **CAUSE), "11 runs"),
        (partial(override, **CAUSE), "there is no restaurant 1"),
        (partial(override, expires_at=long_ago, **CAUSE), "has expired: name a later time"),
        (partial(services.kill, **CAUSE | {"reason": " "}), "say why"),
        (partial(services.kill, **CAUSE | {"reason": "x" * 501}), "501 characters"),
        (partial(services.kill, **CAUSE | {"by": Author(name="")}), "is no author"),
    ]


@pytest.mark.parametrize(("call", "why"), bad())
def test_a_bad_value_is_refused_with_the_way_out_and_nothing_is_written(
    call: Callable[[], Change], why: str
) -> None:
    with pytest.raises(BadValueError, match=why):
        call()
    assert (log(), overview.version()) == ([], 0)


@given(percentage=st.decimals(0, 100, places=2, allow_nan=False))
def test_every_percentage_of_two_decimals_is_exact_in_buckets(percentage: Decimal) -> None:
    assert checked_percentage(percentage) == percentage
    assert not checked_percentage(percentage).is_signed()


def test_several_changes_of_a_caller_become_visible_together_or_not_at_all(restaurant: Restaurant) -> None:
    def enter_a_phase() -> None:
        with transaction.atomic():
            services.set_shadow(on=True, **CAUSE)
            services.set_cohort(percentage=100, **CAUSE)
            services.set_max_parallel(limit=99, **CAUSE)

    with pytest.raises(BadValueError):
        enter_a_phase()
    assert (log(), Cohort.objects.count(), mode(restaurant)) == ([], 0, Mode.DISABLED)


PINNED = [
    ("FEATURE_ASSIGNMENT_PIPELINE_V3", True, partial(services.set_cohort, percentage=50)),
    ("FEATURE_ASSIGNMENT_PIPELINE_V3", False, partial(services.set_cohort, percentage=0)),
    ("FEATURE_ASSIGNMENT_PIPELINE_V3", True, partial(services.set_override, restaurant_id=1, percentage=0)),
    ("FEATURE_ASSIGNMENT_PIPELINE_V3", True, partial(services.clear_override, restaurant_id=1)),
    ("FEATURE_ASSIGNMENT_PIPELINE_V3_SHADOW", False, partial(services.set_shadow, on=True)),
    (
        "FEATURE_ASSIGNMENT_PIPELINE_V3_SHADOW",
        True,
        partial(services.set_override, restaurant_id=1, percentage=0, flag=Flag.SHADOW),
    ),
    ("FEATURE_ASSIGNMENT_PIPELINE_V3_MAX_PARALLEL", 5, partial(services.set_max_parallel, limit=2)),
]


@pytest.mark.parametrize(("variable", "value", "call"), PINNED)
def test_a_pinned_flag_is_not_edited_and_the_refusal_names_the_variable(
    variable: str, value: bool | int, call: Callable[..., Change], settings: Any
) -> None:
    setattr(settings, variable, value)
    with pytest.raises(
        PinnedError, match=f"pinned to {str(value).lower()} by the environment variable {variable}"
    ):
        call(**CAUSE)
    assert log() == []


def test_pins_decide_over_the_database_and_the_kill_over_the_pins(
    restaurant: Restaurant, settings: Any
) -> None:
    settings.FEATURE_ASSIGNMENT_PIPELINE_V3 = True
    settings.FEATURE_ASSIGNMENT_PIPELINE_V3_MAX_PARALLEL = 7
    assert mode(restaurant) is Mode.ACTIVE
    assert flags.current().max_parallel(restaurant.pk) == 7
    services.kill(**CAUSE)
    assert mode(restaurant) is Mode.DISABLED
    services.revive(**CAUSE)
    settings.FEATURE_ASSIGNMENT_PIPELINE_V3 = False
    settings.FEATURE_ASSIGNMENT_PIPELINE_V3_SHADOW = True
    assert mode(restaurant) is Mode.SHADOW

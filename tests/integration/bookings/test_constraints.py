"""Every rule of the schema, broken on purpose past all validation: the database must refuse.

A constraint, a unique column or a composite foreign key without a case here fails the last tests,
so none comes in untested.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction

from bookings.models import Allocation, Combination, Table
from tests.factories import dinner, receive, serving_restaurant
from tests.integration.assignments.flags import test_proposals, test_rules
from tests.integration.assignments.rollout import test_rules as rollout_rules
from tests.integration.bookings.schema.broken import BROKEN
from tests.integration.bookings.schema.more_broken import ALSO_BROKEN, REPEATED, STRANGERS
from tests.integration.bookings.schema.scene import (
    PROJECT_APPS,
    Case,
    Scene,
    allocation_with,
    booking_with,
    period,
    service_with,
    turn_with,
)
from tests.integration.observability import test_timings

#: Modules that have cases of their own.
ELSEWHERE = (test_rules, test_proposals, rollout_rules, test_timings)


@pytest.fixture
def scene(db: None) -> Scene:
    restaurant, other = serving_restaurant(4, 4), serving_restaurant(4)
    table, second_table = Table.objects.filter(restaurant=restaurant).order_by("pk")
    return Scene(
        restaurant=restaurant,
        zone=restaurant.zones.get(),
        table=table,
        second_table=second_table,
        combination=Combination.objects.create(restaurant=restaurant, name="Long table", capacity=8),
        booking=receive(restaurant, idempotency_key="key-1"),
        other_restaurant=other,
        other_zone=other.zones.get(),
        other_table=other.tables.get(),
        other_combination=Combination.objects.create(restaurant=other, name="Theirs", capacity=8),
        other_booking=receive(other, idempotency_key="key-2"),
    )


def carry_out(case: Case, scene: Scene) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        case(scene)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def violation(case: Case, scene: Scene) -> Any:
    """The database's own report of the rule a case broke."""
    with pytest.raises(IntegrityError) as refusal:
        carry_out(case, scene)
    return refusal.value.__cause__.diag  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("name", "case"), [*BROKEN.items(), *ALSO_BROKEN], ids=[*BROKEN, *(f"{n}-also" for n, _ in ALSO_BROKEN)]
)
def test_the_database_refuses_a_row_that_breaks(name: str, case: Case, scene: Scene) -> None:
    assert violation(case, scene).constraint_name == name


@pytest.mark.parametrize("column", REPEATED)
def test_the_database_refuses_a_repeat_of(column: str, scene: Scene) -> None:
    found = violation(REPEATED[column], scene)
    table, name = column.split(".")
    assert found.sqlstate == "23505"
    assert found.table_name == table
    assert found.message_detail.startswith(f"Key ({name})=")


@pytest.mark.parametrize("name", STRANGERS)
def test_a_row_of_another_restaurant_is_refused(name: str, scene: Scene) -> None:
    assert violation(STRANGERS[name], scene).constraint_name == name


def test_two_seatings_may_touch_and_a_given_up_one_is_in_nobodys_way(scene: Scene) -> None:
    allocation_with(scene)
    allocation_with(scene, period=period(dinner(21), dinner(22)))
    allocation_with(scene, active=False)
    allocation_with(scene, table=scene.second_table)
    assert Allocation.objects.count() == 4


def test_reviving_a_given_up_seating_onto_a_taken_table_is_refused(scene: Scene) -> None:
    allocation_with(scene)
    given_up = allocation_with(scene, active=False)
    found = violation(lambda s: Allocation.objects.filter(pk=given_up.pk).update(active=True), scene)
    assert found.constraint_name == "allocations_never_overlap"


def test_services_may_touch_and_differ_by_day(scene: Scene) -> None:
    service_with(scene, opens=time(12), closes=time(17))
    service_with(scene, opens=time(0, 30), closes=time(2), name="Night")
    service_with(scene, opens=time(12), closes=time(17), weekday=1)
    assert scene.restaurant.service_periods.count() == 7 + 3


def test_turn_times_of_services_of_different_names_may_cover_the_same_parties(scene: Scene) -> None:
    turn_with(scene)
    turn_with(scene, service_name="Dinner")
    turn_with(scene, min_party=5, max_party=6)
    assert scene.restaurant.turn_times.count() == 3


def test_a_booking_with_history_cannot_be_deleted(scene: Scene) -> None:
    def delete(s: Scene) -> None:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM bookings WHERE id = %s", [s.booking.pk])

    assert violation(delete, scene).table_name == "booking_assignment_state_history"


def project_models() -> Iterator[type[models.Model]]:
    for label in PROJECT_APPS:
        yield from apps.get_app_config(label).get_models()


def test_every_constraint_of_every_model_has_a_case() -> None:
    declared = {constraint.name for model in project_models() for constraint in model._meta.constraints}
    flags = "".join(Path(str(room.__file__)).read_text() for room in ELSEWHERE)
    assert {name for name in declared if f'"{name}"' not in flags} == set(BROKEN)


def test_every_unique_column_of_every_model_has_a_case() -> None:
    declared = {
        f"{model._meta.db_table}.{field.column}"
        for model in project_models()
        for field in model._meta.local_concrete_fields
        if field.unique and not field.primary_key
    }
    assert declared == set(REPEATED)


def test_no_model_has_an_old_unique_together_that_the_walk_would_miss() -> None:
    assert [model for model in project_models() if model._meta.unique_together] == []


@pytest.mark.django_db
def test_every_composite_foreign_key_of_the_database_has_a_case() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT conname FROM pg_constraint
            WHERE contype = 'f' AND cardinality(conkey) > 1 AND connamespace = 'public'::regnamespace
            """
        )
        declared = {name for (name,) in cursor.fetchall()}
    assert declared == set(STRANGERS)


@pytest.mark.django_db
def test_every_declared_constraint_is_in_force_in_the_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT conname FROM pg_constraint WHERE convalidated AND connamespace = 'public'::regnamespace
            UNION SELECT indexrelid::regclass::text FROM pg_index WHERE indisunique AND indisvalid
            """
        )
        in_force = {name for (name,) in cursor.fetchall()}
    assert set(BROKEN) - in_force == set()


def test_a_past_day_is_no_reason_to_refuse_a_row(scene: Scene) -> None:
    """Imported history lies in the past: the schema must not look at the clock."""
    long_ago = datetime(2019, 5, 1, 19, tzinfo=UTC)
    assert booking_with(scene, start_at=long_ago, end_at=long_ago + timedelta(minutes=90)) == 1

"""History is added to, never rewritten: UPDATE, DELETE and TRUNCATE are refused by the database."""

from datetime import date

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction

from assignments.models import Attempt
from bookings.models import BookingMove, GuestErasure
from observability.partitions import ensure_partitions
from tests.factories import NOW, receive, serving_restaurant
from tests.integration.assignments.rollout.test_ledger import TABLES as ROLLOUT_TABLES
from tests.integration.observability.rows import partitions, write_event

HISTORY = "booking_assignment_state_history"
MOVES = "booking_moves"
ATTEMPTS = "booking_assignment_attempts"
EVENTS = "observability_events"
ERASURES = "guest_erasures"

#: Append-only too, and tried in the tests of flags, shadow, alerts and the rollout.
TESTED_IN_THEIR_ROOMS = {
    *ROLLOUT_TABLES,
    "assignment_flag_changes",
    "assignment_flag_cohorts",
    "assignment_flag_decisions",
    "assignment_flag_proposals",
    "observability_alert_changes",
    "shadow_comparisons",
}


@pytest.fixture
def rows(db: None) -> None:
    """At least one row in each append-only table: a row trigger has nothing to say about none."""
    booking = receive(serving_restaurant(4))
    Attempt.objects.create(booking=booking, attempt_no=1, result="success")
    BookingMove.objects.create(booking=booking, from_tables=[1], to_tables=[2], cause="reseat")
    by = User.objects.create_user(username="ada")
    GuestErasure.objects.create(actor=by, proofs=["a" * 64], rows={})
    write_event(at=NOW)
    with connection.cursor() as cursor:
        # TRUNCATE is refused beforehand while deferred foreign keys wait to be checked.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def refusal(sql: str) -> str:
    with pytest.raises(IntegrityError, match="append-only") as refused:
        carry_out(sql)
    return str(refused.value)


def carry_out(sql: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return int(cursor.fetchone()[0])


@pytest.mark.parametrize("table", [HISTORY, MOVES, ATTEMPTS, EVENTS, ERASURES])
def test_append_only_tables_refuse_every_change(table: str, rows: None) -> None:
    before = count(table)
    assert before > 0
    assert f"{table}" in refusal(f"UPDATE {table} SET created_at = now()")
    refusal(f"DELETE FROM {table}")
    refusal(f"TRUNCATE {table}")
    refusal(f"TRUNCATE {table} CASCADE")
    assert count(table) == before


@pytest.mark.django_db
def test_no_table_is_append_only_without_a_case_here() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger
            WHERE tgfoid = 'refuse_change'::regproc AND tgparentid = 0
              AND NOT (SELECT relispartition FROM pg_class WHERE oid = tgrelid)
            """
        )
        assert {name for (name,) in cursor.fetchall()} == {
            HISTORY,
            MOVES,
            ATTEMPTS,
            EVENTS,
            ERASURES,
            *TESTED_IN_THEIR_ROOMS,
        }


def test_emptying_the_bookings_does_not_take_their_history_along(rows: None) -> None:
    refusal("TRUNCATE bookings CASCADE")
    assert count(HISTORY) == 1


def test_the_refusal_says_what_to_do_instead(rows: None) -> None:
    with pytest.raises(IntegrityError) as refused:
        carry_out(f"DELETE FROM {HISTORY}")
    assert refused.value.__cause__.diag.message_hint == "Write a new row that corrects the old one."  # type: ignore[union-attr]


def test_each_partition_of_the_events_refuses_every_change(rows: None) -> None:
    ensure_partitions(today=date(2027, 3, 5), days=2)
    write_event(at=NOW)
    write_event(at=NOW.replace(day=6))
    write_event(at=NOW.replace(year=2031))
    names = partitions()
    assert {"observability_events_default", "observability_events_20270305"} <= set(names)
    for name in names:
        if count(name):
            refusal(f"UPDATE {name} SET source = 'x'")
            refusal(f"DELETE FROM {name}")
        refusal(f"TRUNCATE {name}")


def test_an_event_cannot_be_moved_to_another_day(rows: None) -> None:
    """An update across partitions is a delete and an insert: refused as well."""
    ensure_partitions(today=date(2027, 3, 5), days=2)
    refusal("UPDATE observability_events SET created_at = created_at + interval '1 day'")

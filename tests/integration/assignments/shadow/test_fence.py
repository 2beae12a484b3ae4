"""The write fence refuses at run time whatever is not the shadow path's own."""

import pytest
from django.db import connection

from assignments.read_only import read_only
from assignments.shadow import ShadowWriteError
from assignments.shadow.fence import write_fence
from bookings.models import Booking
from observability import events
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE bookings SET status = 'confirmed'",
        "SELECT 1",
        "INSERT INTO bookings (id) VALUES (1)",
        "INSERT INTO shadow_comparisons_of_others VALUES (1)",
        "INSERT INTO observability_events (source) VALUES ('x'); DELETE FROM bookings",
        "INSERT INTO shadow_comparisons (id) WITH gone AS (DELETE FROM bookings RETURNING 1) SELECT 1",
        "WITH gone AS (DELETE FROM bookings RETURNING id) SELECT 1",
        "insert into shadow_comparisons (id) with gone as (update bookings set id = 1 returning id) select 1",
        "INSERT INTO shadow_comparisons (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET id = 2",
        "SET session_replication_role = replica",
        "TRUNCATE shadow_comparisons",
        "DELETE FROM observability_events",
    ],
)
def test_any_other_statement_is_refused_before_it_reaches_the_database(statement: str) -> None:
    with write_fence(), connection.cursor() as cursor, pytest.raises(ShadowWriteError, match="may insert"):
        cursor.execute(statement)


def test_the_orm_is_behind_the_fence_too() -> None:
    with write_fence(), pytest.raises(ShadowWriteError, match="UPDATE"):
        Booking.objects.update(status="cancelled")


def test_events_pass_and_the_fence_ends_with_its_block() -> None:
    with write_fence():
        events.record(
            [
                events.Record(
                    source=events.SHADOW, event_type="shadow.compared", at=NOW, context={"mode": "shadow"}
                )
            ]
        )
    assert Booking.objects.count() == 0


def test_the_fence_stands_after_an_error_and_is_gone_after_its_block() -> None:
    before = list(connection.execute_wrappers)
    with pytest.raises(ZeroDivisionError), write_fence():
        raise ZeroDivisionError
    assert connection.execute_wrappers == before


def test_what_is_planned_in_a_read_only_transaction_is_never_committed() -> None:
    with read_only(), connection.cursor() as cursor:
        cursor.execute("SHOW transaction_read_only")
        assert cursor.fetchone() == ("on",)

"""The sweeper, on bookings that were stranded in every way there is."""

from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.db.models.functions import Now
from django_q.models import OrmQ

from assignments.coordinator import process_booking
from assignments.coordinator.claim import claim
from assignments.coordinator.retry_policy import NO_PERMIT_DELAY
from assignments.coordinator.route import Route
from assignments.edge import Edge
from assignments.engine.flags import Mode
from assignments.engine.reasons import Reason
from assignments.models import Attempt, Slot
from assignments.outcomes import Retry
from assignments.protection.locks import Grant
from assignments.sweeper import Swept, recover, sweep
from assignments.upkeep import ADVISORY_LOCK, round_of_upkeep
from bookings.intake import ASSIGN_TASK
from bookings.models import Booking, StateChange
from bookings.queue.tasks import BEHIND, enqueue
from tests.factories import NOW, receive, serving_restaurant
from tests.invariants import breaches
from tests.permits import take_permit

pytestmark = pytest.mark.django_db

V3 = Route(mode=Mode.ACTIVE, flag_version=1, limit=3)
EDGE = Edge(clock=lambda: NOW, jitter=lambda: 0.0)
AT_ONCE = timedelta(0)


def lose_worker(booking: Booking) -> None:
    """Claim the booking as a worker does that dies right after, its lease long over."""
    booking.refresh_from_db()
    claim(booking=booking, route=V3, trigger="test", lock=Grant(held=True, wait_ms=0), now=NOW)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE assignment_slots SET lease_until = now() - interval '1 s' WHERE token IS NOT NULL"
        )


def queued() -> list[int]:
    return [row.task["args"][0] for row in OrmQ.objects.order_by("id")]


@pytest.fixture
def booking() -> Booking:
    booking = receive(serving_restaurant(2))
    OrmQ.objects.all().delete()
    return booking


def test_a_lost_run_is_recorded_and_the_booking_starts_again(booking: Booking) -> None:
    lose_worker(booking)

    assert sweep(now=NOW) == Swept(lost_runs=1, overdue=0)

    booking.refresh_from_db()
    assert booking.assignment_state == "assignment_pending"
    assert Attempt.objects.get(booking=booking).result == "lost"
    assert queued() == [booking.pk]
    process_booking(booking_id=booking.pk, trigger="test", edge=EDGE)
    booking.refresh_from_db()
    assert booking.assignment_state == "confirmed"
    assert breaches(unfinished=True) == {}


def test_a_live_run_is_left_alone(booking: Booking) -> None:
    booking.refresh_from_db()
    claim(booking=booking, route=V3, trigger="test", lock=Grant(held=True, wait_ms=0), now=NOW)
    assert sweep(now=NOW) == Swept(lost_runs=0, overdue=0)
    assert not recover(booking_id=booking.pk, now=NOW)


def test_a_second_sweep_finds_nothing_left_to_recover(booking: Booking) -> None:
    lose_worker(booking)
    sweep(now=NOW)
    assert sweep(now=NOW) == Swept(lost_runs=0, overdue=0)


def test_a_booking_that_kills_its_worker_three_times_goes_to_people(booking: Booking) -> None:
    for _ in range(3):
        lose_worker(booking)
        sweep(now=NOW)
    booking.refresh_from_db()
    assert booking.assignment_state == "manual_review"
    assert StateChange.objects.filter(booking=booking).latest("version").reason == "poisoned"
    assert breaches(unfinished=True) == {}


def test_a_booking_whose_task_was_never_enqueued_is_enqueued(booking: Booking) -> None:
    # Taken in at NOW, which lies ahead of the database's clock: bring it back to long ago.
    Booking.objects.update(updated_at=datetime.fromisoformat("2020-01-01T00:00:00+00:00"))
    assert sweep(now=NOW) == Swept(lost_runs=0, overdue=1)
    assert queued() == [booking.pk]


def test_an_overdue_booking_is_enqueued_once_per_patience_not_at_each_sweep(booking: Booking) -> None:
    Booking.objects.update(updated_at=datetime.fromisoformat("2020-01-01T00:00:00+00:00"))
    sweep(now=NOW)
    assert sweep(now=NOW) == Swept(lost_runs=0, overdue=0)
    assert len(queued()) == 1


def test_nothing_is_enqueued_while_the_queue_itself_is_behind(booking: Booking) -> None:
    Booking.objects.update(updated_at=datetime.fromisoformat("2020-01-01T00:00:00+00:00"))
    enqueue(ASSIGN_TASK, booking.pk, "intake", delay=-2 * BEHIND)
    assert sweep(now=NOW).overdue == 0
    # Taken by a worker: what still has no task is lost.
    OrmQ.objects.update(lock=Now() + timedelta(minutes=1))
    assert sweep(now=NOW).overdue == 1


def test_a_retry_that_is_not_yet_due_is_left_to_its_task(booking: Booking) -> None:
    process_booking(booking_id=receive(booking.restaurant).pk, trigger="test", edge=EDGE)
    process_booking(booking_id=booking.pk, trigger="test", edge=EDGE)
    OrmQ.objects.all().delete()
    assert sweep(now=NOW) == Swept(lost_runs=0, overdue=0)


def test_a_booking_whose_task_comes_back_again_and_again_gets_no_second_one(booking: Booking) -> None:
    """No permit is free, for longer than a task may be missing: each sweep would double its tasks."""
    long_ago = datetime.fromisoformat("2020-01-01T00:00:00+00:00")
    for other in [receive(booking.restaurant) for _ in range(3)]:
        assert take_permit(other, limit=3)
    Booking.objects.filter(pk=booking.pk).update(updated_at=long_ago)
    OrmQ.objects.all().delete()

    outcome = process_booking(booking_id=booking.pk, trigger="test", edge=EDGE)

    assert outcome == Retry(reason=Reason.RATE_LIMITED, delay=NO_PERMIT_DELAY)
    assert sweep(now=NOW) == Swept(lost_runs=0, overdue=0)
    assert queued() == [booking.pk]
    # Lost after all: long due, and nobody came.
    OrmQ.objects.all().delete()
    Booking.objects.filter(pk=booking.pk).update(next_attempt_at=long_ago)
    assert sweep(now=NOW) == Swept(lost_runs=0, overdue=1)


def test_a_final_booking_is_never_swept(booking: Booking) -> None:
    process_booking(booking_id=booking.pk, trigger="test", edge=EDGE)
    Booking.objects.update(updated_at=datetime.fromisoformat("2020-01-01T00:00:00+00:00"))
    OrmQ.objects.all().delete()
    assert sweep(now=NOW, overdue_after=AT_ONCE) == Swept(lost_runs=0, overdue=0)
    assert queued() == []


def test_a_round_of_upkeep_sweeps_and_frees_nothing_alive(booking: Booking) -> None:
    lose_worker(booking)
    assert round_of_upkeep()
    booking.refresh_from_db()
    assert booking.assignment_state == "assignment_pending"
    assert not Slot.objects.filter(lease_until__gt=NOW).exists()


def test_the_round_is_skipped_while_another_process_is_at_it(booking: Booking) -> None:
    lose_worker(booking)
    with another_session() as other:
        other.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_LOCK])
        assert not round_of_upkeep()
    booking.refresh_from_db()
    assert booking.assignment_state == "assignment_in_progress"


def another_session() -> psycopg.Connection[Any]:
    """A connection of its own to the test database."""
    return psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None}, autocommit=True)

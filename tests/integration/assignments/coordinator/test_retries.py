"""Attempts that fail, the circuit they open, and runs that wait for a permit."""

from datetime import datetime, timedelta

import pytest
from django.core.cache import caches
from django_q.models import OrmQ
from django_redis import get_redis_connection

from assignments.coordinator import Confirmed, ManualReview, Retry
from assignments.edge import Edge
from assignments.engine.flags import DEFAULT_PARALLEL
from assignments.engine.reasons import Reason
from assignments.models import Attempt, Slot
from bookings.models import StateChange
from observability.models import Event
from tests.factories import NOW, dinner, receive, serving_restaurant
from tests.integration.assignments.coordinator.driving import assign, failing, interrupting
from tests.invariants import breaches
from tests.permits import take_permit

pytestmark = pytest.mark.django_db


def test_a_failed_attempt_is_tried_again_later_and_the_task_waits_in_the_queue() -> None:
    booking = receive(serving_restaurant(2))
    OrmQ.objects.all().delete()

    outcome = assign(booking, failing())

    assert outcome == Retry(reason=Reason.ERROR, delay=timedelta(seconds=1))
    assert booking.assignment_state == "assignment_pending"
    assert booking.next_attempt_at == NOW + timedelta(seconds=1)
    assert OrmQ.objects.get().task["args"] == (booking.pk, "retry")


def test_retries_wait_twice_as_long_each_time_and_end_with_people() -> None:
    booking = receive(serving_restaurant(2))
    client = get_redis_connection()

    outcomes = []
    for _ in range(5):
        outcomes.append(assign(booking, failing()))
        client.delete(caches["default"].make_key("breaker:assignment"))

    delays = [outcome.delay.total_seconds() for outcome in outcomes if isinstance(outcome, Retry)]
    assert delays == [1, 2, 4, 8]
    assert outcomes[-1] == ManualReview(reason=Reason.ATTEMPTS_EXHAUSTED)
    assert booking.assignment_state == "manual_review"
    assert [a.attempt_no for a in Attempt.objects.filter(booking=booking)] == [1, 2, 3, 4, 5]
    last = StateChange.objects.filter(booking=booking).latest("version")
    assert (last.reason, last.metadata) == ("attempts_exhausted", {"cause": "error"})


def test_the_attempt_after_a_failed_one_confirms() -> None:
    booking = receive(serving_restaurant(2))
    assign(booking, failing())
    assert isinstance(assign(booking), Confirmed)
    assert [a.result for a in Attempt.objects.filter(booking=booking)] == ["error", "success"]
    assert breaches(unfinished=True) == {}


def test_a_failure_close_to_the_start_goes_to_people_at_once() -> None:
    restaurant = serving_restaurant(2)
    booking = receive(restaurant)
    reads = 0

    def clock() -> datetime:
        nonlocal reads
        reads += 1
        if reads == 2:
            raise RuntimeError("broken clock")
        return booking.start_at - timedelta(minutes=9)

    late = Edge(clock=clock, jitter=lambda: 0.0)
    assert assign(booking, late) == ManualReview(reason=Reason.TOO_CLOSE_TO_START)


def test_an_unexpected_error_is_recorded_without_its_message_and_tried_again() -> None:
    restaurant = serving_restaurant(2)
    booking = receive(restaurant, guest_name="Canary Personal")

    def broken() -> None:
        raise RuntimeError("Canary Personal")

    outcome = assign(booking, interrupting(broken))

    assert outcome == Retry(reason=Reason.ERROR, delay=timedelta(seconds=1))
    error = Event.objects.get(event_type="coordinator.error")
    assert error.context["error_class"] == "RuntimeError"
    assert not Event.objects.filter(context__icontains="Canary").exists()
    assert Attempt.objects.get(booking=booking).result == "error"


def test_five_unexpected_errors_open_the_circuit_and_further_bookings_wait() -> None:
    restaurant = serving_restaurant(2)
    bookings = [receive(restaurant, start=dinner(day=day)) for day in range(6)]
    for booking in bookings[:5]:
        assign(booking, failing())
    waiting = bookings[5]

    outcome = assign(waiting)

    assert isinstance(outcome, Retry)
    assert outcome.reason == Reason.CIRCUIT_OPEN
    assert timedelta(seconds=13) < outcome.delay <= timedelta(seconds=15)
    assert (waiting.assignment_state, waiting.assignment_attempts) == ("created", 0)
    opened = Event.objects.get(event_type="coordinator.circuit_open")
    assert opened.context["failures"] == 5


def test_the_circuit_closes_after_two_good_runs_and_the_time_open_is_recorded() -> None:
    restaurant = serving_restaurant(2)
    bookings = [receive(restaurant, start=dinner(day=day)) for day in range(7)]
    for booking in bookings[:5]:
        assign(booking, failing())
    get_redis_connection().hset(caches["default"].make_key("breaker:assignment"), "until", 0)

    assert all(isinstance(assign(booking), Confirmed) for booking in bookings[5:])

    closed = Event.objects.get(event_type="coordinator.circuit_closed")
    assert closed.context["open_ms"] >= 0


def test_without_a_permit_the_task_comes_back_and_no_attempt_is_counted() -> None:
    restaurant = serving_restaurant(2, 2, 2, 2, 2)
    for booking in [receive(restaurant) for _ in range(DEFAULT_PARALLEL)]:
        assert take_permit(booking, limit=DEFAULT_PARALLEL)
    waiting = receive(restaurant)
    OrmQ.objects.all().delete()

    outcome = assign(waiting)

    assert outcome == Retry(reason=Reason.RATE_LIMITED, delay=timedelta(seconds=2))
    assert waiting.assignment_state == "created"
    assert waiting.assignment_attempts == 0
    assert OrmQ.objects.count() == 1


def test_the_permit_is_free_again_after_the_run_whatever_became_of_it() -> None:
    restaurant = serving_restaurant(2)
    assign(receive(restaurant))
    assign(receive(restaurant))
    assert not Slot.objects.filter(booking__isnull=False).exists()

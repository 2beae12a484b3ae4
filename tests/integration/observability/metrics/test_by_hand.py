"""Figures small enough to be counted by hand, and those that read more than events."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from assignments.coordinator import process_booking
from bookings import state_machine
from bookings.models import Booking, OutboxMessage
from bookings.queue.tasks import enqueue
from bookings.state_machine import Step
from bookings.states import State
from observability import events, rollups
from observability.events import Record
from observability.metrics import backlog, comparison, desk, flow, latency, protection, rates, volumes, work
from observability.metrics.restaurants import by_restaurant
from observability.metrics.window import Window, pieces
from tests.factories import NOW, receive, serving_restaurant
from tests.integration.assignments.legacy.driving import EDGE, decide, exhaust

pytestmark = pytest.mark.django_db

HOUR = Window(start=NOW, end=NOW + timedelta(hours=1))


@pytest.fixture(params=["from the rows", "rolled up"])
def count(request: pytest.FixtureRequest) -> Callable[[], object]:
    """Called after the events: counts them or leaves them, which must make no difference."""
    return rollups.roll_up if request.param == "rolled up" else (lambda: None)


def assign(booking: Booking) -> None:
    process_booking(booking_id=booking.pk, trigger="test", edge=EDGE)


def resolve(booking: Booking, *, after: timedelta, person: Any) -> None:
    """A person hands the booking back to the automation, some time after it came to review."""
    booking.refresh_from_db()
    state_machine.move(
        position=state_machine.position_of(booking),
        steps=[Step(to=State.ASSIGNMENT_PENDING)],
        at=NOW + after,
        actor_id=person.pk,
    )


def tell(
    minute: float, event_type: str, source: str = events.COORDINATOR, booking: int = 1, **context: Any
) -> None:
    at = NOW + timedelta(minutes=minute)
    events.record(
        [
            Record(
                source=source,
                event_type=event_type,
                at=at,
                booking_id=booking,
                restaurant_id=1,
                context=context,
            )
        ]
    )


def test_two_confirmed_of_three_on_v3_and_one_of_two_on_legacy(count: Callable[[], object]) -> None:
    v3, legacy = serving_restaurant(2, 2), serving_restaurant(2)
    for _ in range(3):
        assign(receive(v3))
    decide(receive(legacy))
    exhaust(receive(legacy))
    count()
    found = rates.rates(HOUR)
    assert (found.confirmation.numerator, found.confirmation.denominator) == (3, 5)
    assert (found.review.numerator, found.proven_review.numerator) == (2, 1)
    assert (found.error.numerator, found.error.denominator) == (0, 3)
    assert rates.rates(HOUR, path="legacy").confirmation.value == 0.5
    assert rates.match(HOUR).value == 1.0
    assert volumes.volumes(HOUR).received == 5
    assert volumes.volumes(HOUR).covers == 10
    assert flow.states(HOUR).by_state == {"confirmed": 3, "manual_review": 2}
    assert flow.states(HOUR).final.value == 1.0
    sides = comparison.paths(HOUR)
    assert (sides.v3.outcomes.review.numerator, sides.legacy.outcomes.review.numerator) == (1, 1)
    assert work.work(HOUR).attempts == {1: 3}
    assert work.work(HOUR, work.Path.LEGACY).attempts == {1: 1, 4: 1}
    table = {
        row.restaurant_id: (row.received, row.confirmed, row.reviewed, row.proven)
        for row in by_restaurant(HOUR)
    }
    assert table == {v3.pk: (3, 2, 1, 1), legacy.pk: (2, 1, 1, 0)}
    assert latency.percentiles(HOUR, latency.Timing.OUTCOME).count == 5


def test_an_outcome_is_the_first_whatever_people_make_of_it_later(count: Callable[[], object]) -> None:
    restaurant = serving_restaurant(2)
    assign(receive(restaurant))
    reviewed = receive(restaurant)
    assign(reviewed)
    person = get_user_model().objects.create(username="ada")
    resolve(reviewed, after=timedelta(minutes=5), person=person)
    Booking.objects.filter(pk=reviewed.pk).update(
        start_at=NOW + timedelta(days=3), end_at=NOW + timedelta(days=3, hours=2)
    )
    assign(reviewed)
    count()
    found = rates.rates(HOUR)
    assert (found.confirmation.numerator, found.review.numerator, found.review.denominator) == (1, 1, 2)
    assert by_restaurant(HOUR)[0].started == 2
    reviews = desk.reviews(HOUR)
    assert reviews.entered >= 1
    assert reviews.by_person[person.pk] == desk.Resolved(count=1, mean_seconds=300.0)
    assert reviews.seconds.p50 == pytest.approx(300, rel=0.02)


def test_a_booking_cancelled_before_it_was_decided_is_in_no_rate(count: Callable[[], object]) -> None:
    booking = receive(serving_restaurant(2))
    state_machine.move(
        position=state_machine.position_of(booking),
        steps=[Step(to=State.CANCELLED)],
        at=NOW,
        changes={"status": "cancelled"},
    )
    count()
    assert rates.rates(HOUR).confirmation.denominator == 0
    assert rates.match(HOUR).value == 1.0


def test_a_run_that_failed_before_its_claim_counts_as_started(count: Callable[[], object]) -> None:
    tell(1, "coordinator.error", booking=1)
    tell(2, "coordinator.start", booking=2)
    tell(3, "coordinator.start", booking=2)
    tell(4, "coordinator.error", booking=2)
    count()
    assert rates.error_rate(HOUR) == rates.Rate(numerator=2, denominator=2)


def test_retries_tell_their_reasons_and_delays(count: Callable[[], object]) -> None:
    for minute, delay in enumerate((1000, 3000, 2000)):
        tell(minute, "coordinator.retry", reason="no_assignment", delay_ms=delay)
    tell(5, "coordinator.retry", reason="rate_limited", delay_ms=2000)
    count()
    assert work.work(HOUR).retries == {
        "no_assignment": work.Retries(count=3, mean_delay_ms=2000.0, longest_delay_ms=3000.0),
        "rate_limited": work.Retries(count=1, mean_delay_ms=2000.0, longest_delay_ms=2000.0),
    }
    assert protection.permits(HOUR).refused == 1


def test_the_breakers_time_open_is_what_lies_in_the_window(count: Callable[[], object]) -> None:
    tell(-10, "coordinator.circuit_open", failures=5, delay_ms=15000, open_ms=0)
    tell(-5, "coordinator.circuit_open", failures=6, delay_ms=15000, open_ms=300_000)
    tell(2, "coordinator.circuit_closed", open_ms=720_000)
    tell(20, "coordinator.circuit_open", failures=5, delay_ms=15000, open_ms=0)
    tell(21, "coordinator.circuit_closed", open_ms=60_000)
    count()
    found = protection.circuit(HOUR)
    assert (found.openings, found.open_for, found.longest) == (1, timedelta(minutes=3), timedelta(minutes=2))
    assert found.open_since is None
    before = protection.circuit(HOUR.before)
    assert (before.openings, before.open_for) == (1, timedelta(minutes=10))
    assert before.open_since == NOW - timedelta(minutes=10)


def test_an_open_breaker_is_open_until_three_bookings_show_that_it_is_not() -> None:
    tell(30, "coordinator.circuit_open", failures=5, delay_ms=15000, open_ms=0)
    found = protection.circuit(HOUR)
    assert (found.open_for, found.open_since) == (timedelta(minutes=30), NOW + timedelta(minutes=30))
    for number in (1, 2, 3):
        tell(
            40 + number,
            "booking.assignment_state_transition",
            events.STATE_MACHINE,
            booking=number,
            **{"from": "assigned", "to": "confirmed", "version": 6, "reason": None},
        )
    rollups.roll_up()
    found = protection.circuit(HOUR)
    assert (found.open_for, found.open_since) == (timedelta(minutes=13), None)


def test_what_waits_is_told_as_of_now() -> None:
    restaurant = serving_restaurant(2)
    assign(receive(restaurant))
    assign(receive(restaurant))
    waiting = receive(restaurant)
    later = NOW + timedelta(minutes=11)
    Booking.objects.filter(pk=waiting.pk).update(updated_at=NOW)
    assert backlog.stuck(now=NOW + timedelta(minutes=9)).count == 0
    assert backlog.stuck(now=later) == backlog.Stuck(by_state={"created": 1}, longest=timedelta(minutes=11))
    assert backlog.stuck(now=later, restaurant_id=restaurant.pk + 1).count == 0
    reviews = backlog.open_reviews(now=later)
    assert (reviews.count, reviews.by_reason) == (1, {"no_capacity_at_time": 1})
    assert reviews.oldest == reviews.median_age == timedelta(minutes=11)
    before = backlog.queue()
    enqueue("bookings.pulse.canary")
    enqueue("bookings.pulse.canary", delay=timedelta(hours=1))
    after = backlog.queue()
    assert (after.due - before.due, after.later - before.later) == (1, 1)
    OutboxMessage.objects.filter(kind="received").update(status="unknown")
    assert backlog.outbox().by_status == {"pending": 1, "unknown": 1}
    assert backlog.permits_in_use().by_restaurant == {}


def test_imported_history_is_in_no_figure() -> None:
    booking = receive(serving_restaurant(2))
    Booking.objects.filter(pk=booking.pk).update(assignment_state=None, assignment_state_version=0)
    rollups.roll_up()
    assert volumes.volumes(HOUR).received == 0
    assert flow.states(HOUR).by_state == {}
    assert backlog.stuck(now=NOW + timedelta(days=1)).count == 0


def test_a_window_is_cut_into_the_widest_buckets() -> None:
    window = Window(start=NOW - timedelta(hours=13, seconds=30), end=NOW + timedelta(hours=37))
    cut = [
        (piece.width, (piece.end - piece.start).total_seconds())
        for piece in pieces(window, (86400, 3600, 60))
    ]
    assert cut == [(0, 30), (3600, 3600), (86400, 2 * 86400), (3600, 3600)]
    assert sum(seconds for _, seconds in cut) == (window.end - window.start).total_seconds()

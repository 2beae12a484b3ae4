"""The coordinator's direct path, on the real database."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection
from django_q.models import OrmQ
from django_redis import get_redis_connection

from assignments.coordinator import Confirmed, ManualReview, Noop, Retry, process_booking
from assignments.edge import Edge
from assignments.engine.flags import DEFAULT_PARALLEL
from assignments.engine.reasons import Reason
from assignments.facts_store import load_facts
from assignments.models import Attempt, Slot
from bookings.cancellation import cancel
from bookings.models import (
    Allocation,
    Booking,
    BookingMove,
    MailKind,
    OutboxMessage,
    PacingLimit,
    StateChange,
    Table,
    TableBlock,
)
from bookings.outbox.news import tell_guest
from observability.models import Event
from tests.factories import NOW, dinner, receive, serving_restaurant
from tests.invariants import breaches
from tests.permits import take_permit

pytestmark = pytest.mark.django_db

#: The clock stands at NOW, and retries come without jitter.
EDGE = Edge(clock=lambda: NOW, jitter=lambda: 0.0)


@pytest.fixture(autouse=True)
def closed_circuit() -> Iterator[None]:
    yield
    get_redis_connection().delete(caches["default"].make_key("breaker:assignment"))


def assign(booking: Booking, edge: Edge = EDGE) -> object:
    outcome = process_booking(booking_id=booking.pk, trigger="test", edge=edge)
    booking.refresh_from_db()
    return outcome


def event_types(booking: Booking) -> list[str]:
    return list(
        Event.objects.filter(booking_id=booking.pk).order_by("id").values_list("event_type", flat=True)
    )


def test_a_booking_that_fits_is_confirmed_with_every_state_recorded() -> None:
    booking = receive(serving_restaurant(2, 4))

    outcome = assign(booking)

    assert isinstance(outcome, Confirmed)
    assert booking.status == "confirmed"
    history = StateChange.objects.filter(booking=booking).values_list("version", "from_state", "to_state")
    assert list(history) == [
        (1, None, "created"),
        (2, "created", "capacity_verified"),
        (3, "capacity_verified", "assignment_pending"),
        (4, "assignment_pending", "assignment_in_progress"),
        (5, "assignment_in_progress", "assigned"),
        (6, "assigned", "confirmed"),
    ]
    assert [allocation.table.capacity for allocation in booking.allocations.all()] == [2]
    assert breaches(unfinished=True) == {}


def test_the_allocation_holds_the_table_until_the_buffer_is_over() -> None:
    booking = receive(serving_restaurant(2, buffer_minutes=15))
    assign(booking)
    period = booking.allocations.get().period
    assert (period.lower, period.upper) == (booking.start_at, booking.end_at + timedelta(minutes=15))


def test_a_party_larger_than_any_table_gets_joined_tables() -> None:
    booking = receive(serving_restaurant(2, 2, 2, join=True), party_size=5)
    assert isinstance(assign(booking), Confirmed)
    assert booking.allocations.count() == 3


def test_tables_that_do_not_stand_together_are_not_joined() -> None:
    booking = receive(serving_restaurant(2, 2, join=False), party_size=4)
    assert assign(booking) == ManualReview(reason=Reason.PARTY_TOO_LARGE)


def test_confirmation_writes_strategy_attempt_mail_and_last_result() -> None:
    booking = receive(serving_restaurant(2))
    assign(booking)
    attempt = Attempt.objects.get(booking=booking)
    mail = OutboxMessage.objects.get(booking=booking)
    assert (attempt.attempt_no, attempt.result, attempt.reason) == (1, "success", None)
    assert attempt.strategy == booking.assignment_strategy != ""
    assert attempt.metadata["plans"][0]["tables"]
    assert (mail.kind, mail.revision, mail.status) == ("confirmation", 1, "pending")
    assert booking.auto_assign_last_result is not None
    assert booking.auto_assign_last_result["success"] is True
    assert booking.auto_assign_last_result["emailSent"] is True


@pytest.mark.parametrize(("status", "tasks"), [("void", 1), ("pending", 0), ("sent", 0)])
def test_a_revision_is_told_once_and_again_only_if_that_was_taken_back(status: str, tasks: int) -> None:
    booking = receive(serving_restaurant(2))
    tell_guest(booking_id=booking.pk, kind=MailKind.CONFIRMATION)
    sent_at = NOW if status == "sent" else None
    OutboxMessage.objects.update(status=status, sent_at=sent_at)
    OrmQ.objects.all().delete()
    assert isinstance(assign(booking), Confirmed)
    mail = OutboxMessage.objects.get(booking=booking)
    assert mail.status == ("pending" if status == "void" else status)
    assert [row.task["args"] for row in OrmQ.objects.all()] == [(mail.pk,)] * tasks


def test_an_address_given_during_the_run_gets_the_confirmation(monkeypatch: pytest.MonkeyPatch) -> None:
    booking = receive(serving_restaurant(2), guest_email="")

    def planned(**asked: Any) -> Any:
        Booking.objects.update(guest_email="late@example.org")
        return load_facts(**asked)

    monkeypatch.setattr("assignments.coordinator.run.load_facts", planned)
    assert isinstance(assign(booking), Confirmed)
    assert OutboxMessage.objects.get(booking=booking).kind == MailKind.CONFIRMATION


def test_a_guest_without_address_is_confirmed_and_gets_no_mail() -> None:
    booking = receive(serving_restaurant(2), guest_email="")
    assert isinstance(assign(booking), Confirmed)
    assert not OutboxMessage.objects.exists()


def test_the_events_of_a_run_tell_its_story_in_order() -> None:
    booking = receive(serving_restaurant(2))
    assign(booking)
    moved = "booking.assignment_state_transition"
    assert event_types(booking) == [
        *[moved] * 3,
        "coordinator.start",
        "coordinator.lock_acquired",
        "coordinator.rate_permit_acquired",
        *[moved] * 2,
        "attempt.success",
        "coordinator.confirmed",
    ]


def test_a_full_house_goes_to_people_at_once_with_a_proof() -> None:
    restaurant = serving_restaurant(2)
    assign(receive(restaurant))
    second = receive(restaurant)

    assert assign(second) == ManualReview(reason=Reason.NO_CAPACITY_AT_TIME)

    attempt = Attempt.objects.get(booking=second)
    assert (attempt.result, attempt.reason) == ("failure", "no_capacity_at_time")
    assert attempt.metadata["certificate"]["kind"] in {"bound", "exhaustive"}
    assert attempt.metadata["rejections"]
    assert OutboxMessage.objects.get(booking=second).kind == "received"
    assert breaches(unfinished=True) == {}


def failing(*, from_read: int = 2) -> Edge:
    """An edge whose clock breaks from that read on, and works again for what deals with the error."""
    reads = 0

    def clock() -> datetime:
        nonlocal reads
        reads += 1
        if reads == from_read:
            raise RuntimeError("broken clock")
        return NOW

    return Edge(clock=clock, jitter=lambda: 0.0)


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


def test_a_seated_booking_is_moved_when_that_lets_another_in() -> None:
    restaurant = serving_restaurant(2, 4)
    small = receive(restaurant, start=dinner(19))
    assign(small)
    four = restaurant.tables.get(capacity=4)
    # Staff put the pair on the four-top; a party of four then needs it.
    Allocation.objects.filter(booking=small).update(table=four)

    large = receive(restaurant, start=dinner(19), party_size=4)
    outcome = assign(large)

    assert outcome == Confirmed(strategy="reseat")
    assert large.allocations.get().table == four
    assert small.allocations.get(active=True).table.capacity == 2
    move = BookingMove.objects.get()
    assert (move.booking, move.for_booking, move.cause) == (small, large, "reseat")
    moved = Event.objects.get(event_type="booking.moved")
    assert (moved.booking_id, moved.context["for_booking"]) == (small.pk, large.pk)
    small.refresh_from_db()
    assert (small.assignment_state, small.assignment_state_version) == ("confirmed", 6)
    assert OutboxMessage.objects.filter(booking=small).count() == 1
    assert breaches(unfinished=True) == {}


def test_a_booking_pinned_by_staff_is_never_moved() -> None:
    restaurant = serving_restaurant(2, 4)
    small = receive(restaurant)
    assign(small)
    Allocation.objects.filter(booking=small).update(table=restaurant.tables.get(capacity=4))
    Booking.objects.filter(pk=small.pk).update(locked=True)
    assert assign(receive(restaurant, party_size=4)) == ManualReview(reason=Reason.NO_CAPACITY_AT_TIME)


def test_a_booking_pinned_between_plan_and_commit_is_not_moved() -> None:
    restaurant = serving_restaurant(2, 4)
    small = receive(restaurant)
    assign(small)
    Allocation.objects.filter(booking=small).update(table=restaurant.tables.get(capacity=4))
    reads = 0

    def clock() -> datetime:
        # Read for the claim, for the facts, and then for the commit.
        nonlocal reads
        reads += 1
        if reads == 3:
            Booking.objects.filter(pk=small.pk).update(locked=True)
        return NOW

    large = receive(restaurant, party_size=4)
    outcome = assign(large, Edge(clock=clock, jitter=lambda: 0.0))

    assert outcome == ManualReview(reason=Reason.NO_CAPACITY_AT_TIME)
    assert small.allocations.get(active=True).table.capacity == 4
    assert not BookingMove.objects.exists()


def test_a_party_only_staff_may_enter_goes_to_people_without_an_attempt() -> None:
    restaurant = serving_restaurant(2, max_party_auto=4)
    booking = receive(restaurant, party_size=6, by_staff=True)
    assert assign(booking) == ManualReview(reason=Reason.PARTY_TOO_LARGE)
    assert not Attempt.objects.exists()
    assert list(StateChange.objects.values_list("to_state", "reason")) == [
        ("created", None),
        ("manual_review", "party_too_large"),
    ]


def test_pacing_is_checked_again_before_a_table_is_given() -> None:
    restaurant = serving_restaurant(2, 2)
    first, second = receive(restaurant), receive(restaurant)
    PacingLimit.objects.create(restaurant=restaurant, max_covers=3)
    cancel(booking_id=first.pk, now=NOW)
    third = receive(restaurant, start=dinner(20))
    Booking.objects.filter(pk=third.pk).update(start_at=second.start_at)
    assert assign(second) == ManualReview(reason=Reason.PACING)


def test_a_blocked_table_is_not_given() -> None:
    restaurant = serving_restaurant(2)
    table = restaurant.tables.get()
    TableBlock.objects.create(
        restaurant=restaurant, table=table, start_at=dinner(19, 30), end_at=dinner(20), reason="wobbles"
    )
    assert assign(receive(restaurant)) == ManualReview(reason=Reason.BLOCKED)


def test_a_final_booking_is_left_alone_however_often_it_is_delivered() -> None:
    booking = receive(serving_restaurant(2))
    assign(booking)
    before = StateChange.objects.count(), Allocation.objects.count(), OutboxMessage.objects.count()
    assert assign(booking) == Noop(reason="already_confirmed")
    assert before == (StateChange.objects.count(), Allocation.objects.count(), OutboxMessage.objects.count())


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


def interrupting(action: Callable[[], object]) -> Edge:
    """An edge whose clock does `action` when it is read the second time: between claim and finish."""
    reads = 0

    def clock() -> datetime:
        nonlocal reads
        reads += 1
        if reads == 2:
            action()
        return NOW

    return Edge(clock=clock, jitter=lambda: 0.0)


def test_a_booking_cancelled_while_it_is_placed_stays_cancelled() -> None:
    booking = receive(serving_restaurant(2))

    outcome = assign(booking, interrupting(lambda: cancel(booking_id=booking.pk, now=NOW)))

    assert outcome == Noop(reason=Reason.BOOKING_CHANGED)
    assert (booking.status, booking.assignment_state) == ("cancelled", "cancelled")
    assert not Allocation.objects.exists()
    assert not OutboxMessage.objects.exists()
    assert not Slot.objects.filter(booking__isnull=False).exists()
    assert breaches(unfinished=True) == {}


def test_a_run_whose_lease_lapsed_writes_nothing() -> None:
    booking = receive(serving_restaurant(2))

    def lapse() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE assignment_slots SET lease_until = now() - interval '1 s' WHERE token IS NOT NULL"
            )

    assert assign(booking, interrupting(lapse)) == Noop(reason=Reason.BOOKING_CHANGED)
    assert booking.assignment_state == "assignment_in_progress"
    assert not Allocation.objects.exists()


def test_tables_lost_to_another_booking_mean_a_new_plan_in_the_same_attempt() -> None:
    restaurant = serving_restaurant(2, 4)
    winner, loser = receive(restaurant), receive(restaurant)
    reads = 0

    def clock() -> datetime:
        # Read for the claim, for the facts, and then for the commit, which comes too late.
        nonlocal reads
        reads += 1
        if reads == 3:
            assign(winner)
        return NOW

    assert isinstance(assign(loser, Edge(clock=clock, jitter=lambda: 0.0)), Confirmed)
    assert Attempt.objects.get(booking=loser).metadata["lost_races"] == 1
    assert loser.allocations.get().table.capacity == 4


def out_of_service(table: Table) -> None:
    TableBlock.objects.create(
        restaurant=table.restaurant, table=table, start_at=dinner(18), end_at=dinner(22), reason="broken"
    )


def retired(table: Table) -> None:
    Table.objects.filter(pk=table.pk).update(active=False)


@pytest.mark.parametrize("withdraw", [out_of_service, retired])
def test_a_table_withdrawn_between_plan_and_commit_is_not_given(withdraw: Callable[[Table], None]) -> None:
    restaurant = serving_restaurant(2, 4)
    booking = receive(restaurant)
    reads = 0

    def clock() -> datetime:
        # Read for the claim, for the facts, and then for the commit.
        nonlocal reads
        reads += 1
        if reads == 3:
            withdraw(restaurant.tables.get(capacity=2))
        return NOW

    assert isinstance(assign(booking, Edge(clock=clock, jitter=lambda: 0.0)), Confirmed)
    assert booking.allocations.get().table.capacity == 4
    assert Attempt.objects.get(booking=booking).metadata["lost_races"] == 1


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


def test_a_second_delivery_while_the_first_holds_the_lock_does_nothing() -> None:
    booking = receive(serving_restaurant(2))
    inner: list[object] = []

    def deliver_again() -> None:
        inner.append(process_booking(booking_id=booking.pk, trigger="again", edge=EDGE))

    assert isinstance(assign(booking, interrupting(deliver_again)), Confirmed)
    assert inner == [Noop(reason="lock_contention")]

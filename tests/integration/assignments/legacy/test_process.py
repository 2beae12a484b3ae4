"""The legacy path, on the real database."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from django_q.models import OrmQ

from assignments.engine.flags import Mode
from assignments.engine.reasons import Reason
from assignments.legacy import process
from assignments.legacy.claim import take
from assignments.models import Attempt, Slot
from assignments.outcomes import Confirmed, ManualReview, Noop, Retry
from assignments.sweeper import sweep
from bookings.cancellation import cancel
from bookings.models import Allocation, Booking, OutboxMessage, StateChange
from observability.models import Event
from tests.factories import NOW, receive, serving_restaurant
from tests.integration.assignments.legacy.driving import (
    EDGE,
    contexts,
    decide,
    exhaust,
    in_minutes,
    interrupting,
    lapse,
    run,
)
from tests.invariants import breaches

pytestmark = pytest.mark.django_db

CHAIN = [
    (1, None, "created"),
    (2, "created", "capacity_verified"),
    (3, "capacity_verified", "assignment_pending"),
    (4, "assignment_pending", "assignment_in_progress"),
    (5, "assignment_in_progress", "assigned"),
    (6, "assigned", "confirmed"),
]


def history(booking: Booking) -> list[tuple[int, str | None, str]]:
    rows = StateChange.objects.filter(booking=booking)
    return list(rows.values_list("version", "from_state", "to_state"))


def full_house() -> Booking:
    """A booking at a restaurant whose only table another one has."""
    restaurant = serving_restaurant(2)
    decide(receive(restaurant))
    return receive(restaurant)


def test_a_booking_that_fits_is_confirmed_with_the_same_states_as_any_other() -> None:
    booking = receive(serving_restaurant(2, 4))
    assert decide(booking) == Confirmed(strategy="legacy")
    assert (booking.status, booking.assignment_state) == ("confirmed", "confirmed")
    assert history(booking) == CHAIN
    assert [allocation.table.capacity for allocation in booking.allocations.all()] == [2]
    assert breaches(unfinished=True) == {}


def test_its_transitions_are_told_as_its_own_and_never_as_v3s() -> None:
    booking = receive(serving_restaurant(2))
    decide(booking)
    told = contexts(booking, "auto_assign.transition")
    assert [(item["version"], item["from"], item["to"]) for item in told] == CHAIN[1:]
    assert not Event.objects.exclude(source="auto_assign").exists()


def test_a_run_tells_its_start_its_attempt_and_its_summary() -> None:
    booking = receive(serving_restaurant(2))
    decide(booking)
    types = Event.objects.exclude(event_type="auto_assign.transition").order_by("id")
    assert [event.event_type for event in types] == [
        "auto_assign.attempt.start",
        "auto_assign.attempt",
        "auto_assign.summary",
    ]
    summary = contexts(booking, "auto_assign.summary")[0]
    assert (summary["result"], summary["reason"], summary["attempts"]) == ("succeeded", None, 1)
    assert summary["duration_ms"]


def test_confirmation_writes_attempt_mail_and_last_result() -> None:
    booking = receive(serving_restaurant(2))
    decide(booking)
    attempt, mail = Attempt.objects.get(), OutboxMessage.objects.get()
    assert (attempt.attempt_no, attempt.strategy, attempt.result) == (1, "legacy", "success")
    assert (mail.kind, mail.revision) == ("confirmation", 1)
    last = booking.auto_assign_last_result
    assert last is not None
    assert sorted(last) == ["duration_ms", "emailSent", "reason", "source", "strategy", "success"]
    assert (last["source"], last["success"], last["emailSent"]) == ("auto_assign", True, True)


def test_a_final_state_ends_the_cycle_of_attempts() -> None:
    seated, left_over = receive(serving_restaurant(2)), full_house()
    decide(seated)
    exhaust(left_over)
    assert (seated.assignment_attempts, seated.assignment_cycle_start) == (1, 1)
    assert (left_over.assignment_attempts, left_over.assignment_cycle_start) == (4, 4)


def test_a_guest_without_address_is_confirmed_and_gets_no_mail() -> None:
    booking = receive(serving_restaurant(2), guest_email="")
    decide(booking)
    assert not OutboxMessage.objects.exists()
    assert booking.auto_assign_last_result is not None
    assert booking.auto_assign_last_result["emailSent"] is False


def test_the_path_and_the_flags_version_are_pinned_by_the_first_claim() -> None:
    booking = full_house()
    run(booking, mode=Mode.SHADOW)
    assert (booking.assignment_path, booking.assignment_flag_version) == ("shadow", 7)


def test_it_takes_no_permit() -> None:
    decide(receive(serving_restaurant(2)))
    assert not Slot.objects.exists()


def test_a_single_table_comes_before_a_pair_that_fits_better() -> None:
    booking = receive(serving_restaurant(2, 2, 8, join=True, max_slack=4), party_size=4)
    decide(booking)
    assert [allocation.table.capacity for allocation in booking.allocations.all()] == [8]


def test_a_party_no_single_table_takes_gets_an_adjacent_pair() -> None:
    booking = receive(serving_restaurant(2, 2, join=True), party_size=4)
    assert decide(booking) == Confirmed(strategy="legacy")
    assert booking.allocations.count() == 2


def test_three_tables_are_never_joined() -> None:
    booking = receive(serving_restaurant(2, 2, 2, join=True), party_size=5)
    assert decide(booking) == Retry(reason=Reason.NO_ASSIGNMENT, delay=timedelta(seconds=5))


def test_a_failed_attempt_leaves_the_booking_created_and_its_retry_in_the_queue() -> None:
    booking = full_house()
    OrmQ.objects.all().delete()
    before = timezone.now()

    assert decide(booking) == Retry(reason=Reason.NO_ASSIGNMENT, delay=timedelta(seconds=5))

    assert (booking.assignment_state, booking.assignment_state_version) == ("created", 1)
    assert booking.next_attempt_at is not None
    assert timedelta(seconds=4) < booking.next_attempt_at - before < timedelta(seconds=8)
    queued = OrmQ.objects.get()
    assert queued.task["args"] == (booking.pk, "retry")
    assert queued.lock >= booking.next_attempt_at
    assert contexts(booking, "auto_assign.retry_scheduled") == [
        {"attempt": 1, "reason": "no_assignment", "delay_ms": 5000}
    ]
    assert booking.auto_assign_last_result is not None
    assert booking.auto_assign_last_result["reason"] == "no_assignment"


def test_after_four_attempts_people_decide_and_the_guest_is_told() -> None:
    booking = full_house()
    outcomes = [decide(booking) for _ in range(4)]
    assert [o.delay.total_seconds() for o in outcomes if isinstance(o, Retry)] == [5, 15, 45]
    assert outcomes[-1] == ManualReview(reason=Reason.ATTEMPTS_EXHAUSTED)
    assert history(booking) == [*CHAIN[:4], (5, "assignment_in_progress", "manual_review")]
    last = StateChange.objects.filter(booking=booking).latest("version")
    assert (last.reason, last.metadata) == ("attempts_exhausted", {"cause": "no_assignment"})
    assert [a.attempt_no for a in Attempt.objects.filter(booking=booking)] == [1, 2, 3, 4]
    assert OutboxMessage.objects.get(booking=booking).kind == "received"
    assert [c["result"] for c in contexts(booking, "auto_assign.summary")] == ["exhausted"]
    assert booking.next_attempt_at is None
    assert breaches(unfinished=True) == {}


def test_no_retry_is_scheduled_within_ten_minutes_of_the_start() -> None:
    booking = full_house()
    assert decide(booking, edge=in_minutes(booking, 10)) == ManualReview(reason=Reason.TOO_CLOSE_TO_START)
    assert [c["result"] for c in contexts(booking, "auto_assign.summary")] == ["cutoff"]


def test_a_table_freed_meanwhile_is_found_by_the_next_attempt() -> None:
    booking = full_house()
    decide(booking)
    cancel(booking_id=Booking.objects.exclude(pk=booking.pk).get().pk, now=NOW)
    assert decide(booking) == Confirmed(strategy="legacy")
    assert contexts(booking, "auto_assign.summary")[0]["attempts"] == 2
    assert breaches(unfinished=True) == {}


def test_a_booking_of_a_new_cycle_starts_from_where_it_stands() -> None:
    booking = receive(serving_restaurant(2))
    Booking.objects.filter(pk=booking.pk).update(assignment_attempts=5, assignment_cycle_start=5)
    with_states(booking, "capacity_verified", "assignment_pending")
    assert decide(booking) == Confirmed(strategy="legacy")
    assert history(booking) == CHAIN
    assert contexts(booking, "auto_assign.summary")[0]["attempts"] == 1


def test_what_the_house_refuses_goes_to_people_without_an_attempt() -> None:
    booking = receive(serving_restaurant(2))
    assert decide(booking, refused=Reason.PACING) == ManualReview(reason=Reason.PACING)
    assert history(booking) == [CHAIN[0], (2, "created", "manual_review")]
    assert not Attempt.objects.exists()
    assert OutboxMessage.objects.get().kind == "received"
    assert booking.assignment_path == "disabled"
    assert breaches(unfinished=True) == {}


# --- crashes, deliveries twice, and what happens in between ---


def claim_and_die(booking: Booking) -> None:
    """Begin an attempt as a worker does that dies right after."""
    booking.refresh_from_db()
    claimed = take(booking=booking, trigger="test", mode=Mode.DISABLED, flag_version=7, now=NOW)
    assert claimed
    lapse(booking)
    booking.refresh_from_db()


def test_a_lost_worker_leaves_a_created_booking_that_the_sweeper_enqueues() -> None:
    booking = receive(serving_restaurant(2))
    OrmQ.objects.all().delete()
    claim_and_die(booking)
    assert booking.assignment_state == "created"
    assert sweep(now=NOW).overdue == 1
    assert OrmQ.objects.get().task["args"][0] == booking.pk


def test_an_attempt_lost_with_its_worker_is_recorded_and_counted() -> None:
    booking = receive(serving_restaurant(2))
    claim_and_die(booking)
    assert decide(booking) == Confirmed(strategy="legacy")
    assert list(Attempt.objects.values_list("attempt_no", "result")) == [(1, "lost"), (2, "success")]
    assert breaches(unfinished=True) == {}


def test_a_restart_does_not_start_the_attempts_over() -> None:
    booking = full_house()
    for _ in range(3):
        decide(booking)
    claim_and_die(booking)
    assert decide(booking) == ManualReview(reason=Reason.ATTEMPTS_EXHAUSTED)


def test_a_booking_that_kills_its_worker_three_times_goes_to_people() -> None:
    booking = receive(serving_restaurant(2))
    for _ in range(3):
        claim_and_die(booking)
    assert decide(booking) == ManualReview(reason=Reason.POISONED)
    assert [a.result for a in Attempt.objects.all()] == ["lost", "lost", "lost", "failure"]
    assert contexts(booking, "auto_assign.summary")[0]["result"] == "error"
    assert breaches(unfinished=True) == {}


def test_an_attempt_under_way_keeps_a_second_delivery_out_even_without_redis() -> None:
    booking = receive(serving_restaurant(2))
    inner: list[object] = []
    outcome = decide(booking, edge=interrupting(lambda: inner.append(decide(booking))))
    assert outcome == Confirmed(strategy="legacy")
    assert inner == [Noop(reason="lock_contention")]
    assert [a.attempt_no for a in Attempt.objects.all()] == [1]


def test_deliveries_after_the_end_change_nothing() -> None:
    booking = receive(serving_restaurant(2, 2))
    seen_before = Booking.objects.select_related("restaurant").get(pk=booking.pk)
    decide(booking)
    late = process(booking=seen_before, trigger="test", edge=EDGE, mode=Mode.DISABLED, flag_version=7)
    assert late.outcome == Noop(reason="lock_contention")
    assert decide(booking) == Noop(reason="already_confirmed")
    assert OutboxMessage.objects.count() == Allocation.objects.count() == Attempt.objects.count() == 1


def test_a_delivery_that_read_the_booking_before_an_attempt_makes_none_itself() -> None:
    booking = full_house()
    seen_before = Booking.objects.select_related("restaurant").get(pk=booking.pk)
    decide(booking)
    late = process(booking=seen_before, trigger="test", edge=EDGE, mode=Mode.DISABLED, flag_version=7)
    assert late.outcome == Noop(reason="lock_contention")
    assert Attempt.objects.filter(booking=booking).count() == 1


def test_a_worker_stopped_past_its_lease_cannot_write_its_attempt(caplog: pytest.LogCaptureFixture) -> None:
    booking = receive(serving_restaurant(2, 2))

    def somebody_else_fails() -> None:
        lapse(booking)
        Booking.objects.filter(pk=booking.pk).update(requires=["window"])
        assert isinstance(decide(booking), Retry)

    assert decide(booking, edge=interrupting(somebody_else_fails, at=3)) == Noop(reason="booking_changed")

    assert booking.assignment_state == "created"
    assert not Allocation.objects.exists()
    assert list(Attempt.objects.values_list("attempt_no", "result")) == [(1, "lost"), (2, "failure")]
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_a_booking_confirmed_by_another_worker_meanwhile_is_left_alone() -> None:
    booking = receive(serving_restaurant(2, 2))

    def somebody_else_confirms() -> None:
        lapse(booking)
        assert isinstance(decide(booking), Confirmed)

    edge = interrupting(somebody_else_confirms, at=3)
    assert decide(booking, edge=edge) == Noop(reason="already_confirmed")
    assert [c["result"] for c in contexts(booking, "auto_assign.summary")] == [
        "succeeded",
        "already_confirmed",
    ]
    assert OutboxMessage.objects.count() == 1
    assert breaches(unfinished=True) == {}


def test_a_booking_cancelled_while_it_is_placed_stays_cancelled() -> None:
    booking = receive(serving_restaurant(2))
    edge = interrupting(lambda: cancel(booking_id=booking.pk, now=NOW))
    assert decide(booking, edge=edge) == Noop(reason="booking_changed")
    assert (booking.status, booking.assignment_state) == ("cancelled", "cancelled")
    assert not Allocation.objects.exists()
    assert not OutboxMessage.objects.filter(kind="confirmation").exists()
    assert breaches(unfinished=True) == {}


def test_tables_lost_to_another_booking_mean_another_attempt() -> None:
    restaurant = serving_restaurant(2)
    winner, loser = receive(restaurant), receive(restaurant)
    outcome = decide(loser, edge=interrupting(lambda: decide(winner), at=3))
    assert outcome == Retry(reason=Reason.ALLOCATION_LOST, delay=timedelta(seconds=5))
    assert loser.assignment_state == "created"
    assert breaches(unfinished=True) == {}


def test_an_unexpected_error_is_told_without_its_message_and_tried_again() -> None:
    booking = receive(serving_restaurant(2), guest_name="Canary Personal")

    def broken() -> None:
        raise RuntimeError("Canary Personal")

    assert decide(booking, edge=interrupting(broken)) == Retry(
        reason=Reason.ERROR, delay=timedelta(seconds=5)
    )
    told = contexts(booking, "auto_assign.attempt")[0]
    assert (told["result"], told["error_class"]) == ("error", "RuntimeError")
    assert not Event.objects.filter(context__icontains="Canary").exists()
    assert Attempt.objects.get().result == "error"


def test_the_documents_tables_hold_the_attempts_of_a_booking_that_does_not_fit() -> None:
    booking = full_house()
    exhaust(booking)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attempt_no, result, reason FROM booking_assignment_attempts WHERE booking_id = %s"
            " ORDER BY 1",
            [booking.pk],
        )
        assert cursor.fetchall() == [(n, "failure", "no_assignment") for n in (1, 2, 3, 4)]


def with_states(booking: Booking, *states: str) -> None:
    """Move the booking on as another path would have, told as its own."""
    from bookings import state_machine
    from bookings.states import State

    booking.refresh_from_db()
    steps = [state_machine.Step(to=State(state)) for state in states]
    state_machine.move(position=state_machine.position_of(booking), steps=steps, at=NOW)

"""Bookings that fit are confirmed, with all that a confirmation writes."""

from datetime import timedelta

import pytest
from django_q.models import OrmQ

from assignments.coordinator import Confirmed, Noop
from assignments.models import Attempt
from bookings.models import Allocation, Booking, MailKind, OutboxMessage, StateChange
from bookings.outbox.news import tell_guest
from observability.models import Event
from tests.durability import have_it_wait, waits_for_disk
from tests.factories import NOW, receive, serving_restaurant
from tests.integration.assignments.coordinator.driving import assign, interrupting
from tests.invariants import breaches

pytestmark = pytest.mark.django_db


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


def test_a_final_booking_is_left_alone_however_often_it_is_delivered() -> None:
    booking = receive(serving_restaurant(2))
    assign(booking)
    before = StateChange.objects.count(), Allocation.objects.count(), OutboxMessage.objects.count()
    assert assign(booking) == Noop(reason="already_confirmed")
    assert before == (StateChange.objects.count(), Allocation.objects.count(), OutboxMessage.objects.count())


def test_only_the_commit_that_confirms_waits_for_the_disk() -> None:
    claim_waits = []

    def between_the_commits() -> None:
        claim_waits.append(waits_for_disk())
        have_it_wait()

    assert isinstance(assign(receive(serving_restaurant(2)), interrupting(between_the_commits)), Confirmed)
    assert claim_waits == [False]
    assert waits_for_disk()

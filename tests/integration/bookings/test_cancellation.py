"""A booking is cancelled at every state: it stays cancelled, and its guest hears of it once."""

import pytest
from django.contrib.auth.models import User

from assignments.coordinator import Noop
from assignments.edge import Edge
from bookings.cancellation import CancellationError, CancelledFor, cancel
from bookings.models import Booking, OutboxMessage, StateChange
from bookings.outbox import delivery
from tests.factories import NOW, receive, serving_restaurant
from tests.integration.bookings.evening import (
    OVER,
    assign,
    confirmed,
    in_state,
    mails,
    meanwhile,
    seated,
    sound,
    tables,
    told,
)

pytestmark = pytest.mark.django_db

UNDERWAY = ["created", "capacity_verified", "assignment_pending", "assignment_in_progress"]


@pytest.mark.parametrize("state", UNDERWAY)
def test_a_booking_on_its_way_is_cancelled_and_tells_nobody(state: str) -> None:
    booking = in_state(state)
    cancel(booking_id=booking.pk, now=NOW)
    assert assign(booking) == Noop(reason="already_cancelled")
    assert (booking.status, booking.assignment_state) == ("cancelled", "cancelled")
    assert mails(booking) == []
    assert sound()


def test_a_run_under_way_does_not_bring_a_cancelled_booking_back() -> None:
    booking = receive(serving_restaurant(2))
    clock = meanwhile(lambda: cancel(booking_id=booking.pk, now=NOW))
    assert assign(booking, Edge(clock=clock, jitter=lambda: 0.0)) == Noop(reason="booking_changed")
    assert booking.status == "cancelled"
    assert tables(booking) == []
    assert sound()


def test_a_confirmation_that_was_not_sent_is_taken_back_and_nothing_is_told() -> None:
    booking = confirmed(serving_restaurant(2))
    cancel(booking_id=booking.pk, now=NOW)
    delivery.send(OutboxMessage.objects.get().pk)
    assert mails(booking) == [("confirmation", 1, "void")]
    assert tables(booking) == []
    assert sound()


def test_a_guest_who_was_told_is_told_of_the_cancellation_once() -> None:
    booking = told(confirmed(serving_restaurant(2)))
    cancel(booking_id=booking.pk, now=NOW)
    cancel(booking_id=booking.pk, now=NOW)
    assert mails(told(booking)) == [("confirmation", 1, "sent"), ("cancelled", 1, "sent")]
    assert sound()


@pytest.mark.parametrize(("status", "heard"), [("inflight", True), ("unknown", True), ("dead", False)])
def test_a_mail_that_may_have_arrived_counts_as_told(status: str, heard: bool) -> None:
    booking = confirmed(serving_restaurant(2))
    OutboxMessage.objects.update(status=status, claimed_at=NOW)
    cancel(booking_id=booking.pk, now=NOW)
    assert OutboxMessage.objects.filter(kind="cancelled").exists() == heard


def test_a_booking_in_review_is_cancelled_and_its_guest_told() -> None:
    booking = receive(serving_restaurant(2), party_size=4)
    assign(booking)
    told(booking)
    cancel(booking_id=booking.pk, now=NOW)
    assert mails(told(booking)) == [("received", 1, "sent"), ("cancelled", 1, "sent")]
    assert sound()


def test_who_cancelled_and_why_stands_in_the_history() -> None:
    booking = confirmed(serving_restaurant(2))
    user = User.objects.create(username="ada")
    cancel(booking_id=booking.pk, now=NOW, actor_id=user.pk, reason=CancelledFor.DUPLICATE)
    row = StateChange.objects.get(booking=booking, to_state="cancelled")
    assert (row.actor_id, row.metadata) == (user.pk, {"cause": "duplicate"})


@pytest.mark.parametrize("status", ["completed", "no show"])
def test_a_booking_that_is_over_is_not_cancelled(status: str) -> None:
    booking = confirmed(serving_restaurant(2))
    OVER[status](booking)
    with pytest.raises(CancellationError, match=f"is {status}"):
        cancel(booking_id=booking.pk, now=NOW)


def test_a_party_that_sits_is_not_cancelled() -> None:
    booking = confirmed(serving_restaurant(2))
    seated(booking)
    with pytest.raises(CancellationError, match="checked in"):
        cancel(booking_id=booking.pk, now=booking.start_at)
    assert tables(booking) != []


def test_imported_history_is_not_cancelled() -> None:
    booking = receive(serving_restaurant(2))
    Booking.objects.filter(pk=booking.pk).update(assignment_state=None, assignment_state_version=0)
    with pytest.raises(CancellationError, match="history"):
        cancel(booking_id=booking.pk, now=NOW)

"""Outbox: mails that no longer hold are taken back, or not sent when their turn comes."""

from datetime import timedelta

import pytest
from django.db import transaction

from bookings.models import Booking, MailKind, MailStatus, OutboxMessage
from bookings.outbox import delivery
from bookings.outbox.promise import UNDO_WINDOW, void_pending
from tests.factories import NOW
from tests.integration.bookings.mailing import age, promise, promised, told
from tests.integration.bookings.postbox import Postbox

# Mails that no longer hold ------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "status", "state"),
    [
        ("confirmation", "cancelled", "cancelled"),
        ("confirmation", "no_show", "confirmed"),
        ("confirmation", "confirmed", "assignment_pending"),
        ("confirmation", "pending", "manual_review"),
        ("received", "confirmed", "confirmed"),
        ("changed", "cancelled", "cancelled"),
        ("cancelled", "pending", "manual_review"),
        ("declined", "pending", "manual_review"),
    ],
)
def test_a_mail_that_no_longer_holds_is_void_and_not_sent(
    postbox: Postbox, kind: str, status: str, state: str
) -> None:
    message = promised()
    age(message, kind=kind)
    Booking.objects.filter(pk=message.booking_id).update(status=status, assignment_state=state)
    delivery.send(message.pk)
    message.refresh_from_db()
    assert (message.status, message.attempts, postbox.letters) == (MailStatus.VOID, 0, [])
    assert message.last_error.startswith("the booking")
    assert told() == [("mail.void", "info")]


@pytest.mark.django_db
def test_a_mail_that_a_later_one_follows_is_not_sent_beside_it(postbox: Postbox) -> None:
    first = promised()
    promise(first.booking, MailKind.CHANGED, revision=7)
    for message in OutboxMessage.objects.order_by("pk"):
        delivery.send(message.pk)
    assert list(OutboxMessage.objects.order_by("pk").values_list("status", flat=True)) == ["void", "sent"]
    assert len(postbox.letters) == 1


@pytest.mark.django_db
def test_a_mail_is_sent_after_a_later_one_was_taken_back(postbox: Postbox) -> None:
    first = promised()
    promise(first.booking, MailKind.CHANGED, revision=7)
    assert void_pending(booking_id=first.booking_id, kinds=(MailKind.CHANGED,), now=NOW) == 1
    delivery.send(first.pk)
    assert len(postbox.letters) == 1


@pytest.mark.django_db
def test_pending_mails_of_the_named_kinds_are_taken_back(postbox: Postbox) -> None:
    first = promised()
    promise(first.booking, MailKind.RECEIVED, revision=5)
    promise(first.booking, MailKind.CHANGED, revision=7)
    other = promised()
    taken = void_pending(
        booking_id=first.booking_id, kinds=(MailKind.CONFIRMATION, MailKind.CHANGED), now=NOW
    )
    assert taken == 2
    assert set(OutboxMessage.objects.filter(status="void").values_list("kind", flat=True)) == {
        "confirmation",
        "changed",
    }
    other.refresh_from_db()
    assert other.status == MailStatus.PENDING
    assert told() == [("mail.void", "info")] * 2
    delivery.send(first.pk)
    assert postbox.letters == []


@pytest.mark.django_db
def test_taking_back_shares_the_fate_of_its_transaction() -> None:
    message = promised()
    with transaction.atomic():
        void_pending(booking_id=message.booking_id, kinds=(MailKind.CONFIRMATION,), now=NOW)
        transaction.set_rollback(True)
    message.refresh_from_db()
    assert (message.status, told()) == (MailStatus.PENDING, [])


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["inflight", "sent", "unknown", "dead"])
def test_what_a_sender_has_taken_is_not_taken_back(status: str) -> None:
    message = promised()
    age(message, status=status, claimed_at=NOW, sent_at=NOW)
    assert void_pending(booking_id=message.booking_id, kinds=(MailKind.CONFIRMATION,), now=NOW) == 0
    message.refresh_from_db()
    assert message.status == status


@pytest.mark.django_db
def test_within_the_undo_window_a_mail_waits_and_can_be_withdrawn(postbox: Postbox) -> None:
    message = promised(delay=UNDO_WINDOW)
    delivery.send(message.pk)
    assert void_pending(booking_id=message.booking_id, kinds=(MailKind.CONFIRMATION,), now=NOW) == 1
    age(message, due_at=NOW - timedelta(days=1000))
    delivery.send(message.pk)
    assert postbox.letters == []

"""Outbox: each promised mail goes out once, over real SMTP, in its order."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connections, transaction

from bookings.models import Booking, MailKind, MailStatus, OutboxMessage
from bookings.outbox import delivery
from observability.database_clock import database_now
from observability.models import Event
from tests.factories import receive, serving_restaurant
from tests.integration.bookings.mailing import (
    age,
    is_about,
    promise,
    promised,
    tasks,
    text_of,
    told,
)
from tests.integration.bookings.postbox import Postbox

# Promises -----------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_promise_is_a_row_and_a_task_that_names_it() -> None:
    message = promised()
    assert (message.status, message.attempts) == (MailStatus.PENDING, 0)
    assert message.message_id == f"<confirmation.{message.booking_id}.6@table-assignment>"
    [(_, args, lock)] = tasks()
    assert args == (message.pk,)
    assert lock >= message.due_at


@pytest.mark.django_db
def test_a_revision_is_told_once_whatever_promises_it_again() -> None:
    booking = promised().booking
    promise(booking, MailKind.CONFIRMATION, revision=6)
    promise(booking, MailKind.RECEIVED, revision=6)
    assert OutboxMessage.objects.count() == 1
    promise(booking, MailKind.CONFIRMATION, revision=7)
    assert OutboxMessage.objects.count() == 2


@pytest.mark.django_db
def test_nothing_is_promised_to_a_guest_without_an_address() -> None:
    booking = receive(serving_restaurant(4), guest_email="")
    promise(booking, MailKind.CONFIRMATION, revision=6)
    assert not OutboxMessage.objects.exists()


@pytest.mark.django_db
def test_a_promise_shares_the_fate_of_its_transaction() -> None:
    with transaction.atomic():
        promised()
        transaction.set_rollback(True)
    assert OutboxMessage.objects.count() == 0
    assert tasks() == []


@pytest.mark.django_db
def test_a_mail_is_not_sent_before_it_is_due(postbox: Postbox) -> None:
    message = promised(delay=timedelta(seconds=10))
    [(_, _, lock)] = tasks()
    assert is_about(message.due_at, timedelta(seconds=10))
    assert lock >= message.due_at
    delivery.send(message.pk)
    message.refresh_from_db()
    assert (message.status, message.attempts, postbox.letters) == (MailStatus.PENDING, 0, [])


# Sending ------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_mail_is_sent_once_and_says_so(postbox: Postbox) -> None:
    message = promised(guest_name="Ada Guest")
    delivery.send(message.pk)
    delivery.send(message.pk)
    message.refresh_from_db()
    assert (message.status, message.attempts, message.last_error) == (MailStatus.SENT, 1, "")
    assert message.sent_at is not None
    assert told() == [("mail.sent", "info")]
    [letter] = postbox.letters
    assert letter["Message-ID"] == message.message_id
    assert letter["To"] == "ada@example.org"
    assert letter["From"] == "Bookings <bookings@restaurants.example>"
    assert letter["Subject"] == "Your table at Bistro, 5 March at 19:00"
    assert postbox.envelopes == [("bookings@restaurants.example", ["ada@example.org"])]
    assert message.booking.reference in text_of(letter)


@pytest.mark.django_db
def test_the_event_of_a_mail_names_ids_and_kind_only(postbox: Postbox) -> None:
    message = promised()
    delivery.send(message.pk)
    event = Event.objects.get(source="outbox")
    assert event.context == {"kind": "confirmation", "attempt": 1}
    assert (event.booking_id, event.restaurant_id) == (message.booking_id, message.booking.restaurant_id)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "status", "subject"),
    [
        ("received", "pending", "We have your request for Bistro, 5 March at 19:00"),
        ("confirmation", "confirmed", "Your table at Bistro, 5 March at 19:00"),
        ("changed", "confirmed", "Your booking was changed: Bistro, 5 March at 19:00"),
        ("cancelled", "cancelled", "Your booking is cancelled: Bistro, 5 March at 19:00"),
        ("declined", "cancelled", "No table for your request: Bistro, 5 March at 19:00"),
    ],
)
def test_each_kind_of_letter_can_be_sent(postbox: Postbox, kind: str, status: str, subject: str) -> None:
    booking = promised().booking
    Booking.objects.filter(pk=booking.pk).update(status=status)
    promise(booking, MailKind(kind), revision=7)
    message = OutboxMessage.objects.get(revision=7)
    delivery.send(message.pk)
    [letter] = postbox.letters
    assert letter["Subject"] == subject
    assert letter["Message-ID"] == f"<{kind}.{booking.pk}.7@table-assignment>"


def test_eight_senders_of_one_mail_send_it_once(committed_db: None, postbox: Postbox) -> None:
    message = promised()
    together = threading.Barrier(8)

    def send() -> None:
        try:
            together.wait(timeout=10)
            delivery.send(message.pk)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=8) as senders:
        for sent in [senders.submit(send) for _ in range(8)]:
            sent.result()

    message.refresh_from_db()
    assert (message.status, message.attempts) == (MailStatus.SENT, 1)
    assert len(postbox.letters) == 1


def test_a_mail_is_claimed_in_the_database_before_a_line_is_opened(committed_db: None, settings: Any) -> None:
    """Otherwise a process that dies while sending would leave a row that is sent again."""
    settings.EMAIL_BACKEND = f"{__name__}.Onlooker"
    message = promised()
    delivery.send(message.pk)
    assert Onlooker.seen == [MailStatus.INFLIGHT]


class Onlooker(BaseEmailBackend):
    """Takes mails, and looks from another session how the database stands meanwhile."""

    seen: list[str] = []

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        def look() -> list[str]:
            try:
                return list(OutboxMessage.objects.values_list("status", flat=True))
            finally:
                connections.close_all()

        with ThreadPoolExecutor(max_workers=1) as elsewhere:
            Onlooker.seen = elsewhere.submit(look).result()
        return len(email_messages)


# Order --------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_mail_waits_while_an_earlier_one_of_its_booking_is_being_sent(postbox: Postbox) -> None:
    first = promised()
    age(first, status="inflight", claimed_at=database_now())
    Booking.objects.update(status="cancelled")
    promise(first.booking, MailKind.CANCELLED, revision=7)
    second = OutboxMessage.objects.get(revision=7)
    delivery.send(second.pk)
    second.refresh_from_db()
    assert (second.status, postbox.letters) == (MailStatus.PENDING, [])
    assert [args for _, args, _ in tasks()].count((second.pk,)) == 2

    age(first, status="sent", sent_at=database_now())
    age(second, due_at=database_now())
    delivery.send(second.pk)
    assert len(postbox.letters) == 1

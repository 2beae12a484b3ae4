"""Promises a mail: a row in the caller's transaction, and a task that will send it."""

from datetime import timedelta

from django.db.models.functions import Now

from bookings.models import Booking, MailKind, OutboxMessage
from bookings.queue import enqueue

SEND_TASK = "bookings.tasks.send_mail"
_AT_ONCE = timedelta(0)


def promise(*, booking_id: int, kind: MailKind, revision: int, delay: timedelta = _AT_ONCE) -> None:
    """Have one mail of this kind sent for this revision of the booking, after `delay`.

    The revision is the booking's state version: a second promise for it violates `outbox_once`
    and takes the caller's transaction with it, since it would be a second mail. The Message-ID is
    made here, from the same three parts, so that a receiver can tell a repeat.
    """
    message = OutboxMessage.objects.create(
        booking_id=booking_id,
        kind=kind,
        revision=revision,
        due_at=Now() + delay,
        message_id=f"<{kind}.{booking_id}.{revision}@table-assignment>",
    )
    enqueue(SEND_TASK, message.pk, delay=delay)


def promise_to_guest(*, booking: Booking, kind: MailKind, revision: int) -> None:
    """Promise the booking's guest a mail, if there is an address to send it to."""
    if booking.guest_email:
        promise(booking_id=booking.pk, kind=kind, revision=revision)

"""Promises a mail: a row in the caller's transaction, and a task that will send it; or takes it back."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models.functions import Now

from bookings.models import Booking, MailKind, MailStatus, OutboxMessage
from bookings.outbox.told import tell
from bookings.queue import enqueue

SEND_TASK = "bookings.tasks.send_mail"
_AT_ONCE = timedelta(0)

#: How long people may take back what they decided; the mail about it waits as long.
UNDO_WINDOW = timedelta(seconds=10)


def promise(*, booking_id: int, kind: MailKind, revision: int, delay: timedelta = _AT_ONCE) -> None:
    """Have one mail of this kind sent for this revision of the booking, after `delay`.

    A second promise for a revision violates `outbox_once` and takes the caller's transaction with it,
    since it would be a second mail. The Message-ID is made here, from the same three parts, so that a
    receiver can tell a repeat.
    """
    message = OutboxMessage.objects.create(
        booking_id=booking_id,
        kind=kind,
        revision=revision,
        due_at=Now() + delay,
        message_id=f"<{kind}.{booking_id}.{revision}@table-assignment>",
    )
    enqueue(SEND_TASK, message.pk, delay=delay)


def promise_to_guest(*, booking: Booking, kind: MailKind, revision: int, delay: timedelta = _AT_ONCE) -> None:
    """Promise the booking's guest a mail, if there is an address to send it to."""
    if booking.guest_email:
        promise(booking_id=booking.pk, kind=kind, revision=revision, delay=delay)


def void_pending(*, booking_id: int, kinds: Collection[MailKind], now: datetime) -> int:
    """Take back the booking's mails of these kinds that no sender has claimed; return how many.

    For the transaction that makes them untrue. What is claimed already goes out, and the mail about
    what happened since follows it.
    """
    return _void(now=now, booking_id=booking_id, kind__in=list(kinds))


def withdraw(*, booking_id: int, kind: MailKind, revision: int, now: datetime) -> bool:
    """Take back one mail within its undo window; False if a sender has it or it was never promised."""
    return _void(now=now, booking_id=booking_id, kind=kind, revision=revision) == 1


def _void(*, now: datetime, **which: object) -> int:
    with transaction.atomic():
        pending = list(
            OutboxMessage.objects.select_related("booking")
            .select_for_update(of=("self",))
            .filter(status=MailStatus.PENDING, **which)
            .order_by("pk")
        )
        OutboxMessage.objects.filter(pk__in=[message.pk for message in pending]).update(
            status=MailStatus.VOID
        )
        tell("mail.void", pending, at=now)
    return len(pending)

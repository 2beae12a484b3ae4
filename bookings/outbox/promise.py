"""Enqueues promised mails, and takes back those that became untrue, in the transaction that makes them so."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction

from bookings.models import MailKind, MailStatus, OutboxMessage
from bookings.outbox.told import tell
from bookings.queue.tasks import enqueue

SEND_TASK = "bookings.tasks.send_mail"

#: How long people may take back what they decided; the mail about it waits as long.
UNDO_WINDOW = timedelta(seconds=10)

_AT_ONCE = timedelta(0)


def enqueue_sending(message_id: int, *, delay: timedelta = _AT_ONCE) -> None:
    """Have a promised mail sent after `delay`, in its turn: bookings go first."""
    enqueue(SEND_TASK, message_id, delay=delay, patient=True)


def void_pending(*, booking_id: int, kinds: Collection[MailKind], now: datetime) -> int:
    """Take back the booking's mails of these kinds that no sender has claimed; return how many.

    What is claimed already goes out, and the mail about what happened since follows it.
    """
    with transaction.atomic():
        pending = list(
            OutboxMessage.objects.select_related("booking")
            .select_for_update(of=("self",))
            .filter(booking_id=booking_id, kind__in=list(kinds), status=MailStatus.PENDING)
            .order_by("pk")
        )
        OutboxMessage.objects.filter(pk__in=[message.pk for message in pending]).update(
            status=MailStatus.VOID
        )
        tell("mail.void", pending, at=now)
    return len(pending)

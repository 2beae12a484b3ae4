"""What people do with a mail that the machine may not decide about: have it sent again, say it arrived."""

from datetime import datetime

from django.db import transaction
from django.db.models.functions import Now

from bookings.models import MailStatus, OutboxMessage
from bookings.outbox.promise import enqueue_sending
from bookings.outbox.told import tell
from bookings.outbox.validity import is_overtaken, why_void

#: What may be sent again: nobody is at it, and it went out, may have, or never did.
RESENDABLE = frozenset({MailStatus.SENT, MailStatus.UNKNOWN, MailStatus.DEAD, MailStatus.SUPPRESSED})


class ByHandError(ValueError):
    """A step that this mail does not allow; the text says why. Look at the mail again."""


def why_not_resend(message: OutboxMessage) -> str:
    """Why the mail cannot be sent again; empty if it can."""
    if message.status not in RESENDABLE:
        return f"a mail that is {message.get_status_display().lower()} cannot be sent again"
    why = why_void(message, overtaken=is_overtaken(message))
    return f"it no longer holds: {why}" if why else ""


def resend(*, message_id: int, seen_resends: int, now: datetime) -> OutboxMessage:
    """Have a mail sent once more, under a Message-ID that tells it from the sendings before.

    `seen_resends` is what the person saw: of two that ask at once, one is told. Raises ByHandError.
    """
    with transaction.atomic():
        message = _locked(message_id)
        if message.resends != seen_resends:
            raise ByHandError("somebody else had it sent again meanwhile")
        why = why_not_resend(message)
        if why:
            raise ByHandError(why)
        OutboxMessage.objects.filter(pk=message.pk).update(
            status=MailStatus.PENDING,
            resends=seen_resends + 1,
            attempts=0,
            due_at=Now(),
            sent_at=None,
            last_error="",
        )
        tell("mail.resent", [message], at=now)
        enqueue_sending(message.pk)
    message.refresh_from_db()
    return message


def mark_delivered(*, message_id: int, now: datetime) -> OutboxMessage:
    """UNKNOWN → SENT, because a person knows that the mail arrived. Raises ByHandError."""
    with transaction.atomic():
        message = _locked(message_id)
        if message.status != MailStatus.UNKNOWN:
            raise ByHandError(f"it is {message.get_status_display().lower()}, so nobody has to tell")
        OutboxMessage.objects.filter(pk=message.pk).update(status=MailStatus.SENT, sent_at=now)
        tell("mail.delivered", [message], at=now)
    message.refresh_from_db()
    return message


def _locked(message_id: int) -> OutboxMessage:
    rows = OutboxMessage.objects.select_related("booking__restaurant").select_for_update(of=("self",))
    return rows.get(pk=message_id)

"""Sends promised mails. Each goes PENDING → INFLIGHT (committed) → SENT.

The commit before sending is what makes "exactly once" honest: a process that dies in between
leaves an INFLIGHT row whose mail may or may not have been accepted. Such a row becomes UNKNOWN
and is shown to people; it is never sent again by itself.
"""

import logging
import random
import smtplib
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection, transaction
from django.utils import timezone

from bookings.models import Booking, MailStatus, OutboxMessage, Restaurant
from bookings.outbox.letter import LetterError, addressed, write_letter
from bookings.outbox.promise import enqueue_sending
from bookings.outbox.smtp import SmtpBackend
from bookings.outbox.told import mail_event, tell
from bookings.outbox.validity import OVERTAKEN, why_void
from bookings.prepared import columns, row_of, selected
from bookings.queue.tasks import is_behind
from observability import events
from observability.database_clock import database_now
from observability.traces import traced

logger = logging.getLogger(__name__)

#: A refused mail is tried again after these delays; then it is DEAD.
RETRY_DELAYS = tuple(timedelta(seconds=s) for s in (5, 30, 120, 600, 3600))

#: How long a mail steps back for an earlier one of its booking that is being sent.
AFTER_YOU = timedelta(seconds=2)

#: Not read: no letter needs it, and it is the one column that wants converting.
_NOT_READ = frozenset({"auto_assign_last_result"})

#: An INFLIGHT row older than this has lost its sender: SMTP gives up far earlier.
STALE_AFTER = timedelta(seconds=settings.MAIL_STALE_SECONDS)

# A mail that is due and nobody has, with all that its letter is written from; whether a later one took its
# place, and whether a sender is just busy with an earlier one: guests read them in order.
_DUE = f"""
SELECT clock_timestamp(), {OVERTAKEN},
       EXISTS (SELECT FROM outbox_messages earlier
               WHERE earlier.booking_id = outbox_messages.booking_id
                 AND earlier.id < outbox_messages.id AND earlier.status = 'inflight'),
       {selected(OutboxMessage)}, {selected(Booking, without=_NOT_READ)}, {selected(Restaurant)}
FROM outbox_messages
JOIN bookings ON bookings.id = outbox_messages.booking_id
JOIN restaurants ON restaurants.id = bookings.restaurant_id
WHERE outbox_messages.id = %s AND outbox_messages.status = 'pending'
  AND outbox_messages.due_at <= clock_timestamp()
FOR UPDATE OF outbox_messages SKIP LOCKED"""  # noqa: S608 - the names are the models'

_CLAIM = """
UPDATE outbox_messages SET status = 'inflight', claimed_at = %s, attempts = attempts + 1 WHERE id = %s"""

_SETTLE = f"""
WITH settled AS (
    UPDATE outbox_messages SET status = %(status)s, last_error = %(error)s, sent_at = %(sent_at)s
    WHERE id = %(id)s AND status = 'inflight' AND claimed_at = %(claimed_at)s RETURNING id),
told AS ({events.insertion()} WHERE EXISTS (SELECT FROM settled))
SELECT EXISTS (SELECT FROM settled)"""  # noqa: S608 - all parts are ours


@traced("mail.send")
def send(message_id: int) -> None:
    """Send one mail if it is due and nobody else does; otherwise do nothing."""
    message = _claim(message_id)
    if message is None:
        return
    try:
        letter = addressed(write_letter(message))
    except LetterError as error:
        _settle(message, MailStatus.DEAD, error=str(error))
        return
    _deliver(message, letter)


def mark_stale() -> int:
    """Turn INFLIGHT rows whose sender is gone into UNKNOWN; return how many."""
    with transaction.atomic():
        stale = list(
            OutboxMessage.objects.select_related("booking")
            .select_for_update(of=("self",), skip_locked=True)
            .filter(status=MailStatus.INFLIGHT, claimed_at__lt=database_now() - STALE_AFTER)[:500]
        )
        for message in stale:
            _settle(message, MailStatus.UNKNOWN, error="the sender stopped while sending")
    return len(stale)


def requeue_overdue() -> int:
    """Enqueue PENDING mails that are long due, whose task was lost; return how many.

    None while their queue itself is behind: then their tasks are not lost, and each round would double them.
    """
    if is_behind(patient=True):
        return 0
    with transaction.atomic():
        overdue = list(
            OutboxMessage.objects.select_for_update(skip_locked=True)
            .filter(status=MailStatus.PENDING, due_at__lt=database_now() - STALE_AFTER)
            .values_list("pk", flat=True)[:500]
        )
        # Pushed out, so that the next look finds only what was lost again.
        OutboxMessage.objects.filter(pk__in=overdue).update(due_at=database_now())
        for pk in overdue:
            enqueue_sending(pk)
    return len(overdue)


def _claim(message_id: int) -> OutboxMessage | None:
    """PENDING and due → INFLIGHT, committed; None if it is not due or another sender has it.

    What no longer holds becomes VOID instead: the last look before a mail goes out.
    """
    with transaction.atomic():
        due = _due(message_id)
        if due is None:
            return None
        message, now = due.message, due.at
        why = why_void(message, overtaken=due.overtaken)
        if why:
            _put_aside(message, MailStatus.VOID, why, now)
            return None
        if settings.MAIL_MODE == "suppress":
            _put_aside(message, MailStatus.SUPPRESSED, "MAIL_MODE holds mails back here", now)
            return None
        if due.after_another:
            _put_off(message, now + AFTER_YOU)
            return None
        with connection.cursor() as cursor:
            cursor.execute(_CLAIM, [now, message.pk])
    message.claimed_at = now
    message.attempts += 1
    return message


@dataclass(frozen=True, kw_only=True, slots=True)
class _Due:
    """A mail that may be due for sending, `at` by the database's clock."""

    message: OutboxMessage
    at: datetime
    overtaken: bool
    after_another: bool


def _due(message_id: int) -> _Due | None:
    """The mail, locked, if it is due and nobody has it."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [message_id])
        row = cursor.fetchone()
    if row is None:
        return None
    at, overtaken, after_another, *values = row
    message = row_of(OutboxMessage, values)
    values = values[len(columns(OutboxMessage)) :]
    message.booking = row_of(Booking, values, without=_NOT_READ)
    message.booking.restaurant = row_of(Restaurant, values[len(columns(Booking, without=_NOT_READ)) :])
    return _Due(message=message, at=at, overtaken=overtaken, after_another=after_another)


def _put_aside(message: OutboxMessage, status: MailStatus, why: str, now: datetime) -> None:
    """PENDING → a status in which it is not sent, with its event."""
    OutboxMessage.objects.filter(pk=message.pk).update(status=status, last_error=why)
    tell(f"mail.{status}", [message], at=now)


def _put_off(message: OutboxMessage, until: datetime) -> None:
    OutboxMessage.objects.filter(pk=message.pk).update(due_at=until)
    enqueue_sending(message.pk, delay=AFTER_YOU)


def _deliver(message: OutboxMessage, letter: EmailMultiAlternatives) -> None:
    """Send and settle. What failed before the letter was handed over, or was answered with a
    refusal, was not sent; a line that broke afterwards leaves the answer open.
    """
    server = get_connection()
    try:
        server.open()
    except (smtplib.SMTPException, OSError) as error:
        _refused(message, error)
        return
    try:
        server.send_messages([letter])
    except (smtplib.SMTPException, OSError) as error:
        if _was_refused(error) or not _was_handed_over(server):
            _refused(message, error)
        else:
            _settle(message, MailStatus.UNKNOWN, error=type(error).__name__)
    else:
        _settle(message, MailStatus.SENT)
    finally:
        with suppress(smtplib.SMTPException, OSError):
            server.close()


def _was_handed_over(server: BaseEmailBackend) -> bool:
    """Whether the server was given the text of the mail; assumed of a backend that cannot tell."""
    return not isinstance(server, SmtpBackend) or server.handed_over


def _was_refused(error: Exception) -> bool:
    """Whether the server's answer says that it has not taken the mail.

    After the text of the mail only 4xx and 5xx say so (RFC 5321, 4.2.1); any other answer, or one
    that could not be read, leaves it open.
    """
    if isinstance(error, smtplib.SMTPDataError):
        return 400 <= error.smtp_code <= 599
    return isinstance(
        error, smtplib.SMTPRecipientsRefused | smtplib.SMTPSenderRefused | smtplib.SMTPHeloError
    )


def _is_final(error: Exception) -> bool:
    """Whether the server refused this guest or this text for good (5xx).

    4xx comes from full mailboxes and greylisting and goes away. What the server has against us
    (login, sender) is for people to put right, and the mail is still owed then.
    """
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    return isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= 500


def _refused(message: OutboxMessage, error: Exception) -> None:
    """The server did not take the mail: try again later, or give up."""
    if message.attempts > len(RETRY_DELAYS) or _is_final(error):
        _settle(message, MailStatus.DEAD, error=type(error).__name__)
        return
    delay = _wait_before_retry(message.attempts)
    with transaction.atomic():
        if _settle(message, MailStatus.PENDING, error=type(error).__name__):
            OutboxMessage.objects.filter(pk=message.pk).update(due_at=database_now() + delay)
            enqueue_sending(message.pk, delay=delay)


def _wait_before_retry(attempts: int) -> timedelta:
    """Up to a quarter longer at random, so that what failed together does not come back together."""
    return RETRY_DELAYS[attempts - 1] * random.uniform(1, 1.25)  # noqa: S311 - nobody's secret


_EVENT = {
    MailStatus.SENT: ("mail.sent", events.Severity.INFO),
    MailStatus.PENDING: ("mail.retry", events.Severity.WARNING),
    MailStatus.UNKNOWN: ("mail.unknown", events.Severity.ERROR),
    MailStatus.DEAD: ("mail.dead", events.Severity.ERROR),
}


def _settle(message: OutboxMessage, status: MailStatus, *, error: str = "") -> bool:
    """INFLIGHT → `status`, with its event; whether it was INFLIGHT by this claim. Else it is left as it is: a
    sender that was given up may come back when people had the mail sent again and another is at it.
    """
    now = timezone.now()
    event_type, severity = _EVENT[status]
    with connection.cursor() as cursor:
        cursor.execute(
            _SETTLE,
            {
                "id": message.pk,
                "claimed_at": message.claimed_at,
                "status": status.value,
                "error": error,
                "sent_at": now if status == MailStatus.SENT else None,
                "events": events.as_rows([mail_event(event_type, message, at=now, severity=severity)]),
            },
        )
        (settled,) = cursor.fetchone()
    if not settled:
        logger.warning("mail %s was settled by someone else", message.pk)
    return bool(settled)

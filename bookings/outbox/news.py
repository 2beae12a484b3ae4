"""Tells guests how their booking stands: each revision once, however often it is placed again."""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from bookings.models import Booking, MailKind, MailStatus, OutboxMessage
from bookings.outbox.promise import enqueue_sending, void_pending

#: Kinds that tell the guest what a mail of this kind would tell: one of them is enough for a revision.
_TOLD_BY = {
    MailKind.RECEIVED: (MailKind.RECEIVED, MailKind.CONFIRMATION, MailKind.CHANGED),
    MailKind.CONFIRMATION: (MailKind.CONFIRMATION, MailKind.CHANGED),
    MailKind.CHANGED: (MailKind.CONFIRMATION, MailKind.CHANGED),
    MailKind.CANCELLED: (MailKind.CANCELLED,),
    MailKind.DECLINED: (MailKind.DECLINED,),
}

#: Mails about how a booking stands, which another news overtakes.
STANDING = (MailKind.RECEIVED, MailKind.CONFIRMATION, MailKind.CHANGED)

#: Draws the id of a mail that a later statement of the same run may promise.
NEXT_ID = "nextval('outbox_messages_id_seq')"

# A mail of the same revision that was taken back is promised again, under the same Message-ID; any other
# says it already.
_TELL = """
INSERT INTO outbox_messages
    (id, booking_id, kind, revision, status, due_at, attempts, message_id, last_error, created_at)
SELECT {mail_id}, b.id, %(mail_kind)s::text, b.revision, 'pending',
       statement_timestamp() + %(mail_delay)s, 0,
       format('<%%s.%%s.%%s@table-assignment>', %(mail_kind)s::text, b.id, b.revision), '',
       statement_timestamp()
FROM {booked} b
WHERE b.guest_email <> ''
  AND NOT EXISTS (SELECT FROM outbox_messages m
                  WHERE m.booking_id = b.id AND m.revision = b.revision
                    AND m.kind = ANY (%(told_by)s) AND m.status <> 'void')
ON CONFLICT ON CONSTRAINT outbox_once DO UPDATE
SET status = 'pending', due_at = excluded.due_at, created_at = excluded.created_at,
    attempts = 0, claimed_at = NULL, last_error = ''
WHERE outbox_messages.status = 'void'
RETURNING id
"""


def telling(*, booked: str, mail_id: str = NEXT_ID) -> str:
    """The statement that promises a mail, for one that does more; it returns the id of what is to be sent.

    `booked` has the booking's id, revision and guest_email as the transaction has written or locked them,
    not as it loaded them before. A mail that was taken back keeps its own id instead of `mail_id`.
    """
    return _TELL.format(booked=booked, mail_id=mail_id)


def telling_values(kind: MailKind, *, delay: timedelta = timedelta(0)) -> dict[str, Any]:
    """The parameters of `telling`."""
    return {
        "mail_kind": kind.value,
        "mail_delay": delay,
        "told_by": [told.value for told in _TOLD_BY[kind]],
    }


_TELL_GUEST = telling(booked="(SELECT id, revision, guest_email FROM bookings WHERE id = %(booking)s)")


def tell_guest(*, booking_id: int, kind: MailKind, delay: timedelta = timedelta(0)) -> None:
    """Promise the booking's guest a mail about its present revision, in the current transaction.

    Nothing is promised to a guest without an address, or told this revision already. The caller has
    written or locked the booking's row.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TELL_GUEST, {"booking": booking_id, **telling_values(kind, delay=delay)})
        row = cursor.fetchone()
    if row:
        enqueue_sending(row[0], delay=delay)


def tell_of_change(*, booking: Booking, now: datetime) -> None:
    """Tell of the booking's new revision: as a change if an earlier one was told, else as confirmed."""
    void_pending(booking_id=booking.pk, kinds=STANDING, now=now)
    told = _told(booking).filter(kind__in=[MailKind.CONFIRMATION, MailKind.CHANGED])
    tell_guest(booking_id=booking.pk, kind=MailKind.CHANGED if told.exists() else MailKind.CONFIRMATION)


def tell_of_cancellation(*, booking: Booking, now: datetime) -> None:
    """Take back what was not sent yet; who was told anything before is told of the cancellation."""
    void_pending(booking_id=booking.pk, kinds=STANDING, now=now)
    if _told(booking).exists():
        tell_guest(booking_id=booking.pk, kind=MailKind.CANCELLED)


def _told(booking: Booking) -> QuerySet[OutboxMessage]:
    """What was sent, or may have been."""
    return OutboxMessage.objects.filter(booking=booking).exclude(
        status__in=[MailStatus.VOID, MailStatus.DEAD]
    )

"""Whether a promised mail still tells the truth: asked when a sender takes it, not only when it is made."""

from collections.abc import Collection, Mapping

from django.db import connection

from bookings.models import BookingStatus, MailKind, OutboxMessage
from bookings.states import State

_COMING = (BookingStatus.CONFIRMED, BookingStatus.CHECKED_IN, BookingStatus.COMPLETED)

#: The statuses of a booking at which a mail of each kind may still be sent.
_HOLDS_AT: Mapping[str, Collection[str]] = {
    MailKind.RECEIVED: (BookingStatus.PENDING,),
    MailKind.CONFIRMATION: _COMING,
    MailKind.CHANGED: (BookingStatus.PENDING, *_COMING),
    MailKind.CANCELLED: (BookingStatus.CANCELLED,),
    MailKind.DECLINED: (BookingStatus.CANCELLED,),
}


#: Whether a later mail of its booking stands beside one, for statements that read `outbox_messages`.
#: Not by id: a mail that was taken back may have been promised again since.
OVERTAKEN = """
EXISTS (SELECT FROM outbox_messages later
        WHERE later.booking_id = outbox_messages.booking_id
          AND later.created_at > outbox_messages.created_at AND later.status <> 'void')"""


def is_overtaken(message: OutboxMessage) -> bool:
    """Whether a later mail of the booking took this one's place."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {OVERTAKEN} FROM outbox_messages WHERE id = %s", [message.pk])  # noqa: S608
        found: bool = cursor.fetchone()[0]
    return found


def why_void(message: OutboxMessage, *, overtaken: bool) -> str:
    """Why the mail must not be sent any more; empty if it still holds.

    A letter is written from the booking as it is, so a mail that a later one follows would only say
    the same twice.
    """
    booking = message.booking
    if booking.status not in _HOLDS_AT[message.kind]:
        return f"the booking is {booking.get_status_display().lower()}"
    if message.kind == MailKind.CONFIRMATION and booking.assignment_state != State.CONFIRMED:
        return "the booking's tables are being looked for again"
    return "a later mail took its place" if overtaken else ""

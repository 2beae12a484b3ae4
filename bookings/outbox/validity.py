"""Whether a promised mail still tells the truth: asked when a sender takes it, not only when it is made."""

from collections.abc import Collection, Mapping

from bookings.models import BookingStatus, MailKind, MailStatus, OutboxMessage
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


def why_void(message: OutboxMessage) -> str:
    """Why the mail must not be sent any more; empty if it still holds.

    A letter is written from the booking as it is, so a mail that a later one follows would only say
    the same twice.
    """
    booking = message.booking
    if booking.status not in _HOLDS_AT[message.kind]:
        return f"the booking is {booking.get_status_display().lower()}"
    if message.kind == MailKind.CONFIRMATION and booking.assignment_state != State.CONFIRMED:
        return "the booking's tables are being looked for again"
    # Not by id: a mail that was taken back may have been promised again since.
    later = OutboxMessage.objects.filter(booking_id=message.booking_id, created_at__gt=message.created_at)
    if later.exclude(status=MailStatus.VOID).exists():
        return "a later mail took its place"
    return ""

"""Cancels a booking: its tables are released once, and no running assignment brings it back."""

from datetime import datetime
from enum import StrEnum

from django.db import transaction

from bookings import state_machine
from bookings.allocations import release
from bookings.capacity import announce_freed
from bookings.change_wishes import withdraw_wish
from bookings.models import Booking, BookingStatus
from bookings.outbox.news import tell_of_cancellation
from bookings.state_machine import Step
from bookings.states import State


class CancellationError(ValueError):
    """A booking that cannot be cancelled any more. Trying again cannot help."""


class CancelledFor(StrEnum):
    """Why a booking is cancelled, as its history keeps it: a code, since words may name people."""

    GUEST = "guest"
    HOUSE = "house"
    DUPLICATE = "duplicate"


_OPEN = (BookingStatus.PENDING, BookingStatus.CONFIRMED)


def cancel(
    *,
    booking_id: int,
    now: datetime,
    actor_id: int | None = None,
    reason: CancelledFor = CancelledFor.GUEST,
) -> Booking:
    """Cancel a booking and release its tables; a second cancellation changes nothing.

    The version moves on with the state, so a worker that is just placing the booking loses its
    compare-and-swap and writes nothing. Mails about the booking that were not sent are taken back; a
    guest who was told anything is told of the cancellation. Raises CancellationError once the party has
    come or gone, and for imported history.
    """
    with transaction.atomic():
        booking = Booking.objects.select_for_update().get(pk=booking_id)
        if booking.status == BookingStatus.CANCELLED:
            return booking
        _check_open(booking)
        state_machine.move(
            position=state_machine.position_of(booking),
            steps=[Step(to=State.CANCELLED, metadata={"cause": reason.value})],
            at=now,
            actor_id=actor_id,
            changes={"status": BookingStatus.CANCELLED, "next_attempt_at": None},
        )
        withdraw_wish(booking=booking, now=now)
        tell_of_cancellation(booking=booking, now=now)
        if release(booking=booking):
            announce_freed(restaurant_id=booking.restaurant_id, start=booking.start_at, end=booking.end_at)
    booking.refresh_from_db()
    return booking


def _check_open(booking: Booking) -> None:
    if booking.status not in _OPEN:
        status = booking.get_status_display().lower()
        raise CancellationError(f"{booking.reference} is {status} and can no longer be cancelled")
    if booking.assignment_state is None:
        raise CancellationError(f"{booking.reference} is imported history and stays as it is")

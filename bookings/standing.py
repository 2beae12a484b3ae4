"""How a booking stands: looked at without a lock, and acted on only if it still stands like that."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bookings.models import Booking
from bookings.state_machine import StaleBookingError
from bookings.wishes import wish_of


def lock_as_seen(seen: Booking) -> Booking:
    """The booking, locked in the current transaction.

    Its restaurant is the one the caller saw, so that tables are taken only by the floor plan they were found
    in. Raises StaleBookingError if the booking is no longer as the caller saw it.
    """
    booking = Booking.objects.select_for_update().get(pk=seen.pk)
    booking.restaurant = seen.restaurant
    if _standing(booking) != _standing(seen):
        raise StaleBookingError(f"{booking.reference} was changed meanwhile")
    return booking


def _standing(booking: Booking) -> tuple[object, ...]:
    return (
        booking.status,
        booking.assignment_state,
        booking.assignment_state_version,
        booking.revision,
        booking.locked,
        booking.guest_forgotten_at,
        wish_of(booking),
    )


def new_cycle(booking: Booking, now: datetime) -> dict[str, Any]:
    """Columns of a booking that is planned anew: attempts start over, and with them its path."""
    return {"assignment_cycle_start": booking.assignment_attempts, "next_attempt_at": now}


def write(booking: Booking, columns: Mapping[str, Any], now: datetime) -> None:
    """Save the columns of a locked booking."""
    for name, value in columns.items():
        setattr(booking, name, value)
    booking.updated_at = now
    booking.save(update_fields=[*columns, "updated_at"])

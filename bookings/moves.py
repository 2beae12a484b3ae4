"""Staff move a seated booking to other tables, and pin it to its own."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from bookings.allocations import AllocationLostError, be_alone, held_tables, reseat
from bookings.capacity import announce_freed
from bookings.models import Booking, BookingStatus
from bookings.seating import NoSeatingError, Party, seating
from bookings.standing import lock_as_seen
from bookings.wishes import wish_of
from observability import events

CAUSE = "staff"

_SEATED = (BookingStatus.CONFIRMED, BookingStatus.CHECKED_IN)


class MoveError(ValueError):
    """A booking that has no table to be moved from, or to be pinned to. Trying again cannot help."""


def move(*, booking_id: int, tables: Sequence[int], now: datetime, actor_id: int) -> Booking:
    """Give a seated booking these tables instead of its own; its state and version stay.

    Raises MoveError for a booking that is not seated or sits there already, NoSeatingError if the tables
    do not suit it or are taken, and StaleBookingError if it changes meanwhile; then nothing is changed.
    """
    seen = Booking.objects.select_related("restaurant").get(pk=booking_id)
    held = _held(seen)
    if set(held) == set(tables):
        raise MoveError(f"{seen.reference} sits there already; choose another table")
    party = Party(restaurant=seen.restaurant, wish=wish_of(seen), booking_id=seen.pk)
    if not tables or not seating().keeps(party=party, tables=tables, now=now):
        raise _no_seating(seen)
    try:
        with transaction.atomic():
            be_alone(seen.restaurant_id)
            booking = lock_as_seen(seen)
            reseat(booking=booking, held=held, tables=tables, cause=CAUSE, now=now, actor_id=actor_id)
            announce_freed(restaurant_id=booking.restaurant_id, start=booking.start_at, end=booking.end_at)
    except AllocationLostError:
        raise _no_seating(seen) from None
    return booking


def pin(*, booking_id: int, locked: bool, now: datetime, actor_id: int) -> Booking:
    """Pin a seated booking to its tables, so that nothing moves it, or let it go again.

    Raises MoveError for a booking that is not seated. What is so already stays as it is.
    """
    with transaction.atomic():
        booking = Booking.objects.select_for_update().get(pk=booking_id)
        _held(booking)
        if booking.locked == locked:
            return booking
        booking.locked, booking.updated_at = locked, now
        booking.save(update_fields=["locked", "updated_at"])
        events.record(
            [
                events.Record(
                    source=events.BOOKINGS,
                    event_type="booking.locked" if locked else "booking.unlocked",
                    at=now,
                    restaurant_id=booking.restaurant_id,
                    booking_id=booking.pk,
                    context={"actor": actor_id},
                )
            ]
        )
    return booking


def _held(booking: Booking) -> tuple[int, ...]:
    held = held_tables(booking)
    if booking.status not in _SEATED or not held:
        status = booking.get_status_display().lower()
        raise MoveError(f"{booking.reference} is {status} and has no table; there is nothing to move or pin")
    return held


def _no_seating(booking: Booking) -> NoSeatingError:
    return NoSeatingError(
        reason="no_assignment",
        sentence=f"These tables do not suit {booking.reference}, or somebody has taken them.",
    )

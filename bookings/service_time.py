"""Service time: parties that arrive, leave, or do not come; and tables taken out of service and back.

Each function locks the booking, checks that the step is legal, and does it in one transaction; an event
names the user who took it. Seats that become free early are announced.
"""

from datetime import datetime

from django.db import transaction

from bookings.allocations import release
from bookings.capacity import announce_freed
from bookings.change_wishes import withdraw_wish
from bookings.models import Booking, BookingStatus, TableBlock
from bookings.webhooks.hook import announce_step
from observability import events


class ServiceTimeError(ValueError):
    """A step that does not follow from the booking's status. Trying again cannot help."""


def check_in(*, booking_id: int, now: datetime, actor_id: int | None = None) -> Booking:
    """The party has arrived. From now on its tables are its own even past its end."""
    with transaction.atomic():
        booking = _locked(booking_id)
        _require(booking, BookingStatus.CONFIRMED, "checked in")
        return _set_status(booking, BookingStatus.CHECKED_IN, now, actor_id)


def complete(*, booking_id: int, now: datetime, actor_id: int | None = None) -> Booking:
    """The party has left; what remains of its time is free."""
    with transaction.atomic():
        booking = _locked(booking_id)
        _require(booking, BookingStatus.CHECKED_IN, "completed")
        _release_rest(booking, now)
        return _set_status(booking, BookingStatus.COMPLETED, now, actor_id)


def mark_no_show(*, booking_id: int, now: datetime, actor_id: int | None = None) -> Booking:
    """The party did not come; its tables are free. Raises ServiceTimeError before its start."""
    with transaction.atomic():
        booking = _locked(booking_id)
        _require(booking, BookingStatus.CONFIRMED, "marked as no-show")
        if now < booking.start_at:
            raise ServiceTimeError(
                f"{booking.reference} starts at {booking.start_at.isoformat()}; it is no no-show before"
            )
        _release_rest(booking, now)
        return _set_status(booking, BookingStatus.NO_SHOW, now, actor_id)


def lift_block(*, block_id: int) -> None:
    """The table is back in service for the rest of the block; one already lifted is left as it is."""
    with transaction.atomic():
        block = TableBlock.objects.select_for_update().filter(pk=block_id).first()
        if block is None:
            return
        announce_freed(restaurant_id=block.restaurant_id, start=block.start_at, end=block.end_at)
        block.delete()


def _locked(booking_id: int) -> Booking:
    return Booking.objects.select_for_update().get(pk=booking_id)


def _require(booking: Booking, status: BookingStatus, step: str) -> None:
    if booking.status != status:
        now = booking.get_status_display().lower()
        raise ServiceTimeError(
            f"{booking.reference} is {now}; only a {status.label.lower()} booking can be {step}"
        )


def _release_rest(booking: Booking, now: datetime) -> None:
    release(booking=booking)
    if now < booking.end_at:
        announce_freed(
            restaurant_id=booking.restaurant_id, start=max(now, booking.start_at), end=booking.end_at
        )


_EVENT = {
    BookingStatus.CHECKED_IN: "booking.checked_in",
    BookingStatus.COMPLETED: "booking.completed",
    BookingStatus.NO_SHOW: "booking.no_show",
}


def _set_status(booking: Booking, status: BookingStatus, now: datetime, actor_id: int | None) -> Booking:
    """Write the status with its event; an open wish for a change is over with it."""
    booking.status, booking.updated_at = status, now
    booking.save(update_fields=["status", "updated_at"])
    withdraw_wish(booking=booking, now=now)
    version = booking.assignment_state_version
    announce_step(booking_id=booking.pk, status=status, version=version, at=now)
    events.record(
        [
            events.Record(
                source=events.BOOKINGS,
                event_type=_EVENT[status],
                at=now,
                restaurant_id=booking.restaurant_id,
                booking_id=booking.pk,
                context={"actor": actor_id},
            )
        ]
    )
    return booking

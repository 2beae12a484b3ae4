"""A change as the tests make it."""

from typing import Any

from bookings.change_request import BookingChange
from bookings.changes import change
from bookings.models import (
    Booking,
)
from tests.factories import NOW, receive, serving_restaurant


def change_to(booking: Booking, **wish: Any) -> Any:
    options = {
        name: wish.pop(name) for name in ("on_no_seating", "actor_id", "by_staff", "now") if name in wish
    }
    result = change(booking_id=booking.pk, wish=BookingChange(**wish), **{"now": NOW, **options})
    booking.refresh_from_db()
    return result


def created() -> Booking:
    return receive(serving_restaurant(2, 4))

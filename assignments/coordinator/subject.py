"""Reads the booking of a run, with what is needed of its restaurant, in one prepared statement."""

from django.db import connection

from bookings.models import Booking, PacingLimit, Restaurant
from bookings.prepared import columns, row_of, selected

#: Not read: nothing on the way needs it, and it is the one column that wants converting.
_LEFT_OUT = frozenset({"auto_assign_last_result"})

_BOOKING = f"""
SELECT {selected(Booking, without=_LEFT_OUT)}, {selected(Restaurant)}, {selected(PacingLimit)}
FROM bookings JOIN restaurants ON restaurants.id = bookings.restaurant_id
LEFT JOIN pacing_limits ON pacing_limits.restaurant_id = restaurants.id
WHERE bookings.id = %s
"""  # noqa: S608 - the names are the models'


def load_booking(booking_id: int) -> Booking:
    """The booking with its restaurant and the restaurant's pacing. Raises Booking.DoesNotExist."""
    with connection.cursor() as cursor:
        cursor.execute(_BOOKING, [booking_id])
        values = cursor.fetchone()
    if values is None:
        raise Booking.DoesNotExist(f"there is no booking {booking_id}")
    booking = row_of(Booking, values, without=_LEFT_OUT)
    values = values[len(columns(Booking, without=_LEFT_OUT)) :]
    restaurant, pacing = row_of(Restaurant, values), values[len(columns(Restaurant)) :]
    Restaurant.pacing.related.set_cached_value(
        restaurant, row_of(PacingLimit, pacing) if pacing[0] is not None else None
    )
    booking.restaurant = restaurant
    return booking

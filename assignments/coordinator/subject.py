"""Reads the booking of a run, with all that is asked of it before a table is looked for, in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from bookings.models import Booking, PacingLimit, Restaurant
from bookings.pacing import NOT_COMING
from bookings.prepared import columns, row_of, selected

#: Not read: nothing on the way needs it, and it is the one column that wants converting.
_LEFT_OUT = frozenset({"auto_assign_last_result"})

# Whichever interval the booking arrives in, it begins and ends less than an interval away.
_SUBJECT = f"""
SELECT {selected(Booking, without=_LEFT_OUT)}, {selected(Restaurant)}, {selected(PacingLimit)},
       nearby.starts, nearby.covers
FROM bookings JOIN restaurants ON restaurants.id = bookings.restaurant_id
LEFT JOIN pacing_limits ON pacing_limits.restaurant_id = restaurants.id
LEFT JOIN LATERAL (
    SELECT array_agg(other.start_at) AS starts, array_agg(other.party_size) AS covers FROM bookings other
    WHERE other.restaurant_id = pacing_limits.restaurant_id AND other.id <> bookings.id
      AND other.start_at > bookings.start_at - make_interval(mins => pacing_limits.interval_minutes)
      AND other.start_at < bookings.start_at + make_interval(mins => pacing_limits.interval_minutes)
      AND other.status <> ALL (%s)) nearby ON true
WHERE bookings.id = %s
"""  # noqa: S608 - the names are the models'


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """A booking with its restaurant and the restaurant's pacing, and who arrives less than an interval away.

    `starts` and `covers` tell of one party each; both are empty where nothing limits the pace.
    """

    booking: Booking
    starts: Sequence[datetime] = ()
    covers: Sequence[int] = ()

    def arriving(self, _restaurant_id: int, begin: datetime, end: datetime, _but: int | None) -> int:
        """Covers of others within [begin, end), the booking's own interval; as `pacing.arriving` counts."""
        each = zip(self.starts, self.covers, strict=True)
        return sum(covers for start, covers in each if begin <= start < end)


def load_subject(booking_id: int) -> Subject:
    """The booking of a run. Raises Booking.DoesNotExist."""
    with connection.cursor() as cursor:
        cursor.execute(_SUBJECT, [NOT_COMING, booking_id])
        values = cursor.fetchone()
    if values is None:
        raise Booking.DoesNotExist(f"there is no booking {booking_id}")
    *values, starts, covers = values
    booking = row_of(Booking, values, without=_LEFT_OUT)
    values = values[len(columns(Booking, without=_LEFT_OUT)) :]
    restaurant, pacing = row_of(Restaurant, values), values[len(columns(Restaurant)) :]
    Restaurant.pacing.related.set_cached_value(
        restaurant, row_of(PacingLimit, pacing) if pacing[0] is not None else None
    )
    booking.restaurant = restaurant
    return Subject(booking=booking, starts=starts or (), covers=covers or ())

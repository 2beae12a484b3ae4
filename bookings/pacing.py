"""Pacing: how many covers may arrive within one interval of the clock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import connection

from bookings.models import Booking, BookingStatus, PacingLimit, Restaurant

#: Their covers count for nothing.
NOT_COMING = [BookingStatus.CANCELLED.value, BookingStatus.NO_SHOW.value]

# Prepared, as it is asked for each booking that comes.
_ARRIVING = """
SELECT coalesce(sum(party_size), 0)::int FROM bookings
WHERE restaurant_id = %s AND start_at >= %s AND start_at < %s AND id <> %s AND status <> ALL (%s)"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """At most `max_covers` may arrive in each interval; intervals are aligned to the local clock's hour."""

    tz: ZoneInfo
    interval: timedelta
    max_covers: int

    def interval_of(self, start: datetime) -> tuple[datetime, datetime]:
        """The interval [from, to) that an arrival at `start` falls into, on the clock in force at `start`."""
        # Local, because in Kathmandu the hour begins at a quarter past in UTC.
        local = start.astimezone(self.tz)
        past_hour = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        begin = start - past_hour % self.interval
        return begin, begin + self.interval


def pace_of(restaurant: Restaurant) -> Pace | None:
    """The restaurant's limit, or None where guests may arrive all at once."""
    limit: PacingLimit | None = getattr(restaurant, "pacing", None)  # a query, unless it was read along
    if limit is None:
        return None
    return Pace(
        tz=restaurant.tzinfo,
        interval=timedelta(minutes=limit.interval_minutes),
        max_covers=limit.max_covers,
    )


def arriving(restaurant_id: int, begin: datetime, end: datetime, but: int | None = None) -> int:
    """Covers that arrive within [begin, end); the booking with id `but` is left out."""
    with connection.cursor() as cursor:
        cursor.execute(_ARRIVING, [restaurant_id, begin, end, but or 0, NOT_COMING])
        covers: int = cursor.fetchone()[0]
    return covers


#: Counts as `arriving` does; a batch adds what it has accepted and not saved yet.
Arriving = Callable[[int, datetime, datetime, int | None], int]


def has_room(
    *,
    pace: Pace,
    restaurant_id: int,
    start: datetime,
    party_size: int,
    but: int | None = None,
    count: Arriving = arriving,
) -> bool:
    """Whether a party may arrive at `start`; the booking with id `but` is left out of the count."""
    return count(restaurant_id, *pace.interval_of(start), but) + party_size <= pace.max_covers


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrivals:
    """Covers that arrive in each interval of a day, read once; intervals by their beginning."""

    pace: Pace
    covers: Mapping[datetime, int]

    def have_room(self, *, start: datetime, party_size: int) -> bool:
        """Whether a party may arrive at `start` as well."""
        begin, _ = self.pace.interval_of(start)
        return self.covers.get(begin, 0) + party_size <= self.pace.max_covers


def arrivals_between(*, pace: Pace, restaurant_id: int, first: datetime, last: datetime) -> Arrivals:
    """The arrivals in every interval that an arrival from `first` to `last` falls into (one query)."""
    begin, end = pace.interval_of(first)[0], pace.interval_of(last)[1]
    arriving = Booking.objects.filter(restaurant_id=restaurant_id, start_at__gte=begin, start_at__lt=end)
    covers: dict[datetime, int] = {}
    for start, party_size in arriving.exclude(status__in=NOT_COMING).values_list("start_at", "party_size"):
        interval, _ = pace.interval_of(start)
        covers[interval] = covers.get(interval, 0) + party_size
    return Arrivals(pace=pace, covers=covers)


def nearest_room(
    *,
    pace: Pace,
    restaurant_id: int,
    start: datetime,
    party_size: int,
    within: tuple[datetime, datetime],
    but: int | None = None,
    count: Arriving = arriving,
) -> datetime | None:
    """The nearest arrival inside `within` that has room, in whole intervals; the earlier wins a tie."""
    for steps in range(1, 1 + timedelta(hours=3) // pace.interval):
        for candidate in (start - steps * pace.interval, start + steps * pace.interval):
            if within[0] <= candidate <= within[1] and has_room(
                pace=pace,
                restaurant_id=restaurant_id,
                start=candidate,
                party_size=party_size,
                but=but,
                count=count,
            ):
                return candidate
    return None

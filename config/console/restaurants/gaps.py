"""Capacity gaps: when, in the coming services, a party of a usual size would find no table.

What counts is what a guest would be told now: a start within a service at which the intake would take the
party, no table is free as things stand, and none could be had without others moving.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bookings.availability import STEP, BookableTime, bookable_times
from bookings.intake_rules import IntakeError
from bookings.models import Restaurant

#: Party sizes asked for, and days looked at, today first.
PARTIES = (2, 4, 6)
DAYS = 2

#: Not a gap: it is about the clock or the pace of arrivals, not about tables.
_NO_GAP = frozenset({"too_close_to_start", "pacing"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """Starts from `first` to `last` (both included), on the local clock, at which there is no table."""

    first: str
    last: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SizeGaps:
    """`starts` of a size that are full, of those that are still to come."""

    party_size: int
    full: int
    starts: int
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class DayGaps:
    day: date
    sizes: tuple[SizeGaps, ...]


def capacity_gaps(restaurant: Restaurant, *, now: datetime) -> list[DayGaps]:
    """Days with a service still to come; the number of queries does not depend on the bookings."""
    today = now.astimezone(restaurant.tzinfo).date()
    days = [_day(restaurant, today + timedelta(days=step), now) for step in range(DAYS)]
    return [day for day in days if day.sizes]


def _day(restaurant: Restaurant, day: date, now: datetime) -> DayGaps:
    sizes = (_size(restaurant, day, party_size, now) for party_size in PARTIES)
    return DayGaps(day=day, sizes=tuple(size for size in sizes if size.starts))


def _size(restaurant: Restaurant, day: date, party_size: int, now: datetime) -> SizeGaps:
    try:
        times = bookable_times(restaurant=restaurant, party_size=party_size, date=day, now=now)
    except IntakeError:  # a party that the restaurant takes at no time
        times = []
    to_come = [time for time in times if time.start >= now]
    full = [time for time in to_come if time.why_not and time.why_not.reason not in _NO_GAP]
    return SizeGaps(
        party_size=party_size,
        full=len(full),
        starts=len(to_come),
        gaps=tuple(_spans(full, restaurant)),
    )


def _spans(full: Sequence[BookableTime], restaurant: Restaurant) -> Iterator[Gap]:
    """Starts that follow each other, as one gap."""
    run: list[datetime] = []
    for time in full:
        if run and time.start - run[-1] != STEP:
            yield _gap(run, restaurant)
            run = []
        run.append(time.start)
    if run:
        yield _gap(run, restaurant)


def _gap(run: Sequence[datetime], restaurant: Restaurant) -> Gap:
    first, last = (moment.astimezone(restaurant.tzinfo) for moment in (run[0], run[-1]))
    return Gap(first=f"{first:%H:%M}", last=f"{last:%H:%M}")

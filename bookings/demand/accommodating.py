"""Accommodating days: demand for which a legal seating of every booking exists, because one was made first.

Parties are put into a hidden seating, the largest first and each as near to the time it was drawn for as
the hidden seating allows; then only the bookings are handed out, in order of arrival. An assigner that sees
them one by one can be held against a perfect result: no booking of such a day needs to be turned away. Sizes,
lead times and wishes are drawn from the published aggregates; starts are pushed out of the fullest hour as
the day fills. Parties that cannot be seated automatically are left out. Pacing is not looked at: the days are
for the seating engine, not for intake.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from math import ceil
from random import Random

from bookings.demand.arrivals import (
    Arrival,
    Habits,
    arrival_keys,
    arrival_of,
    draw_wish,
    in_order_of_arrival,
)
from bookings.demand.layout import Layout, LayoutError
from bookings.demand.load import PEAK_MINUTES, bookings_expected, minutes_within, peak_window
from bookings.demand.party_sizes import draw_party_size
from bookings.demand.published import PARTY_SIZES
from bookings.demand.seatings import Seating, seatings_by_party
from bookings.demand.slots import GRID, Slot, Stay, draw_stay, slots_on, stays_of

LARGEST_FIRST_SHARE = 0.75
"""Part of the day drawn as one batch and placed largest first; the rest is drawn party by party."""

LARGEST_SHIFT = timedelta(hours=2)
"""A party is moved at most so far from the time it was drawn for, and neither into the peak nor out of it."""

PATIENCE = 40
"""So many parties in a row without a place, and the day is as full as it gets."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AccommodatingDay:
    """The bookings and one way to seat them all: `seating` maps an arrival's key to its tables.

    `fullness` is the share of the seat-minutes from 18:00 to 21:00 that the hidden seating uses up: with the
    empty seats at occupied tables, and with the time after a stay until the next can start on a quarter hour.
    """

    arrivals: tuple[Arrival, ...]
    seating: Mapping[str, tuple[str, ...]]
    fullness: float


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    stay: Stay
    seating: Seating


@dataclass(kw_only=True, slots=True)
class _HiddenSeating:
    """The evening being filled; the only thing here that changes."""

    layout: Layout
    slots: tuple[Slot, ...]
    window: tuple[datetime, datetime]
    by_party: dict[int, tuple[Seating, ...]]
    sizes: dict[int, float]
    places: list[_Place] = field(default_factory=list)
    held: dict[str, list[tuple[datetime, datetime]]] = field(default_factory=dict)
    held_peak_minutes: float = 0.0

    @property
    def fullness(self) -> float:
        return self.held_peak_minutes / (self.layout.seats * PEAK_MINUTES)

    def seat(self, wanted: Stay) -> bool:
        """Give the party the place nearest to its time; False if there is none within `LARGEST_SHIFT`."""
        for stay in self._near(wanted):
            for seating in self.by_party[wanted.party_size]:
                if self._free(seating, stay):
                    self._hold(_Place(stay=stay, seating=seating))
                    return True
        return False

    def in_peak(self, stay: Stay) -> bool:
        return minutes_within(self.window, stay.start, stay.end) > 0

    def _near(self, wanted: Stay) -> list[Stay]:
        stays = [
            stay for stay, _ in stays_of(layout=self.layout, slots=self.slots, party_size=wanted.party_size)
        ]
        near = [
            stay
            for stay in stays
            if abs(stay.start - wanted.start) <= LARGEST_SHIFT and self.in_peak(stay) == self.in_peak(wanted)
        ]
        return sorted(near, key=lambda stay: (abs(stay.start - wanted.start), stay.start))

    def _period(self, stay: Stay) -> tuple[datetime, datetime]:
        return stay.start, stay.end + timedelta(minutes=self.layout.buffer_minutes)

    def _free(self, seating: Seating, stay: Stay) -> bool:
        start, end = self._period(stay)
        return all(
            end <= other_start or other_end <= start
            for number in seating.tables
            for other_start, other_end in self.held.get(number, ())
        )

    def _hold(self, place: _Place) -> None:
        period = self._period(place.stay)
        for number in place.seating.tables:
            self.held.setdefault(number, []).append(period)
        self.places.append(place)
        seats = sum(self.layout.table(number).capacity for number in place.seating.tables)
        self.held_peak_minutes += seats * minutes_within(self.window, period[0], _next_on_grid(period))


def accommodating_day(
    *, layout: Layout, day: date, fullness: float, rng: Random, habits: Habits | None = None
) -> AccommodatingDay:
    """A day filled to about `fullness` (see `AccommodatingDay`), or as far as the parties drawn allow.

    Guests are steadfast unless `habits` says otherwise: who cancels makes room that nobody needed.
    Raises LayoutError if the restaurant is not open in the peak hours, ValueError for an impossible fullness.
    """
    if not 0 < fullness <= 1:
        message = f"fullness is a share above 0 and up to 1, not {fullness}"
        raise ValueError(message)
    hidden = _empty_house(layout, day)
    _seat_batch(hidden, day, fullness, rng)
    _top_up(hidden, fullness, rng)
    return _handed_out(hidden, day, habits or Habits.steadfast(), rng)


def _empty_house(layout: Layout, day: date) -> _HiddenSeating:
    slots, by_party = slots_on(layout=layout, day=day), seatings_by_party(layout)
    if not slots:
        message = f"{layout.name} is closed on {day}; choose another day"
        raise LayoutError(message)
    sizes = {
        size: weight
        for size, weight in PARTY_SIZES.items()
        if size in by_party
        and size <= layout.max_party_auto
        and stays_of(layout=layout, slots=slots, party_size=size)
    }
    window = peak_window(layout=layout, day=day)
    return _HiddenSeating(layout=layout, slots=slots, window=window, by_party=by_party, sizes=sizes)


def _next_on_grid(period: tuple[datetime, datetime]) -> datetime:
    """The first moment at which another party could start; stays start on the grid."""
    start, end = period
    return start + ceil((end - start) / GRID) * GRID


def _seat_batch(hidden: _HiddenSeating, day: date, fullness: float, rng: Random) -> None:
    count = bookings_expected(layout=hidden.layout, day=day, load=fullness * LARGEST_FIRST_SHARE)
    batch = [_drawn(hidden, rng) for _ in range(count)]
    for stay in sorted(batch, key=lambda stay: -stay.party_size):
        if hidden.fullness < fullness:
            hidden.seat(stay)


def _top_up(hidden: _HiddenSeating, fullness: float, rng: Random) -> None:
    failures = 0
    while hidden.fullness < fullness and failures < PATIENCE:
        wanted = _drawn(hidden, rng)
        if hidden.in_peak(wanted):
            failures = 0 if hidden.seat(wanted) else failures + 1


def _drawn(hidden: _HiddenSeating, rng: Random) -> Stay:
    stay = None
    while stay is None:
        party_size = draw_party_size(hidden.sizes, rng)
        stay = draw_stay(layout=hidden.layout, slots=hidden.slots, party_size=party_size, rng=rng)
    return stay


def _handed_out(hidden: _HiddenSeating, day: date, habits: Habits, rng: Random) -> AccommodatingDay:
    keys = arrival_keys(layout=hidden.layout, day=day, rng=rng)
    seated = dict(zip(keys, hidden.places, strict=False))
    arrivals = [
        arrival_of(
            layout=hidden.layout,
            stay=place.stay,
            key=key,
            wish=draw_wish(seatings=(place.seating,), habits=habits, rng=rng),
            habits=habits,
            rng=rng,
        )
        for key, place in seated.items()
    ]
    return AccommodatingDay(
        arrivals=in_order_of_arrival(arrivals),
        seating={key: place.seating.tables for key, place in seated.items()},
        fullness=hidden.fullness,
    )

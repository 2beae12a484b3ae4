"""Bookings come in and are decided, one after the other, on a clock that is set instead of waited for."""

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from random import Random

from assignments.coordinator import process_booking
from assignments.edge import Edge
from assignments.outcomes import Retry
from bookings.demand.accommodating import accommodating_day
from bookings.demand.arrivals import Arrival
from bookings.demand.layout import Layout
from bookings.demand.loading import booking_request
from bookings.intake import IntakeError, receive
from bookings.models import Restaurant
from bookings.queue.tasks import forget_all
from observability.partitions import ensure_partitions
from observability.rollups import roll_up
from observability.timings import TIMINGS, sample_connections

DAY = timedelta(days=1)

#: Guests call and click between these hours of the clock (UTC) for the day after.
FIRST_CALL = timedelta(hours=8)
LAST_CALL = timedelta(hours=22)

#: Bookings from one look of the guard to the next.
LOOK_EVERY = 20

#: A restaurant that is open on a day has at least this share of its guests.
LEAST_SHARE = 0.3

#: How full days are: every party fits if it is seated well.
FULLNESS = 0.95


@dataclass(frozen=True, kw_only=True, slots=True)
class House:
    """A restaurant and how it is laid out."""

    layout: Layout
    restaurant: Restaurant


@dataclass(kw_only=True, slots=True)
class Traffic:
    """The clock, and the runs that are due by it."""

    now: datetime
    houses: Sequence[House]
    rng: Random
    taken: int = 0
    refused: int = 0
    _due: list[tuple[datetime, int, int]] = field(default_factory=list)
    _order: Iterator[int] = field(default_factory=count)

    def day(self, *, shares: Mapping[int, float], look: Callable[[datetime], bool]) -> bool:
        """Have a day go by. `shares` is the part of its demand that each restaurant gets, by id.

        `look` is called after every few bookings and at the day's end with the time it is; the day ends
        early, and the answer is False, once it returns False.
        """
        midnight = self.now
        ensure_partitions(today=midnight.date(), days=2)
        arrivals = self._arrivals(midnight.date() + DAY, shares)
        for number, (at, house, arrival) in enumerate(_spread(arrivals, midnight), start=1):
            self._until(at)
            self._take_in(house, arrival)
            if number % LOOK_EVERY == 0 and not self._looked(look):
                return False
        self._until(midnight + DAY)
        return self._looked(look)

    def _looked(self, look: Callable[[datetime], bool]) -> bool:
        roll_up()
        sample_connections()
        TIMINGS.flush(now=self.now, at_once=True)
        # Nobody works off the queue here: what it holds, runs by the clock that is set.
        forget_all()
        return look(self.now)

    def _arrivals(self, day: date, shares: Mapping[int, float]) -> list[tuple[House, Arrival]]:
        found = []
        for house in self.houses:
            share = shares[house.restaurant.pk]
            # A small share is a few restaurants with some of their guests, not all with hardly any.
            if self.rng.random() < share / LEAST_SHARE:
                demand = accommodating_day(layout=house.layout, day=day, fullness=FULLNESS, rng=self.rng)
                found += [
                    (house, arrival)
                    for arrival in demand.arrivals
                    if self.rng.random() < max(share, LEAST_SHARE)
                ]
        self.rng.shuffle(found)
        return found

    def _take_in(self, house: House, arrival: Arrival) -> None:
        request = booking_request(arrival=arrival, restaurant=house.restaurant)
        try:
            booking = receive(request=request, now=self.now)
        except IntakeError:
            self.refused += 1
            return
        self.taken += 1
        self._run(booking.pk, "created")

    def _until(self, moment: datetime) -> None:
        """Set the clock, stopping at each run that falls due on the way."""
        while self._due and self._due[0][0] <= moment:
            self.now, _, booking_id = heapq.heappop(self._due)
            self._run(booking_id, "retry")
        self.now = moment

    def _run(self, booking_id: int, trigger: str) -> None:
        edge = Edge(clock=lambda: self.now, jitter=self.rng.random)
        outcome = process_booking(booking_id=booking_id, trigger=trigger, edge=edge)
        if isinstance(outcome, Retry):
            heapq.heappush(self._due, (self.now + outcome.delay, next(self._order), booking_id))


def _spread(
    arrivals: Sequence[tuple[House, Arrival]], midnight: datetime
) -> Iterator[tuple[datetime, House, Arrival]]:
    """Evenly over the hours of calling."""
    pause = (LAST_CALL - FIRST_CALL) / max(len(arrivals), 1)
    for number, (house, arrival) in enumerate(arrivals):
        yield midnight + FIRST_CALL + number * pause, house, arrival

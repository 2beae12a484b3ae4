"""What the measured system works on: houses and bookings of the demand generator."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import count, cycle, islice
from random import Random

from django.utils import timezone

from bookings.demand.arrivals import Arrival, bookings_for
from bookings.demand.floor_plans import TEMPLATES
from bookings.demand.layout import Layout
from bookings.demand.load import QUIET_LOAD
from bookings.demand.loading import booking_request, create_restaurant
from bookings.intake import IntakeError, receive
from bookings.models import Booking, Restaurant

#: Houses of a measurement: enough that the limit of runs at one house seldom holds anybody up.
HOUSES = 12

#: No booking of a measurement is nearer than this: seatings near their start are not moved.
FIRST_DAY = timedelta(days=3)


def layouts(prefix: str, houses: int = HOUSES) -> list[Layout]:
    """The demo's floor plans in turn, as different houses."""
    return [
        replace(layout, slug=f"{prefix}-{number}", name=f"{layout.name} {number}")
        for number, layout in enumerate(islice(cycle(TEMPLATES), houses))
    ]


class Guests:
    """Bookings that arrive, evening after evening, at a load at which nearly all get a table directly."""

    def __init__(self, prefix: str, *, houses: int = HOUSES, seed: int = 1) -> None:
        self.layouts = layouts(prefix, houses)
        self.restaurants = {layout.slug: create_restaurant(layout=layout) for layout in self.layouts}
        self._arrivals = self._endless(Random(seed))  # noqa: S311 - demand, not secrets

    def take_in(self, number: int) -> list[Booking]:
        """Accept so many bookings through intake."""
        return list(islice(self._accepted(), number))

    def _accepted(self) -> Iterator[Booking]:
        for arrival in self._arrivals:
            restaurant = self.restaurants[arrival.restaurant]
            if arrival.party_size > restaurant.max_party_auto:
                continue  # goes to people without any table being looked for
            try:
                yield _received(arrival, restaurant)
            except IntakeError:
                continue

    def _endless(self, rng: Random) -> Iterator[Arrival]:
        first = timezone.now().date() + FIRST_DAY
        for days in count():
            yield from self._evening(first + timedelta(days=days), rng)

    def _evening(self, day: date, rng: Random) -> Sequence[Arrival]:
        arrivals = [
            arrival
            for layout in self.layouts
            for arrival in bookings_for(layout=layout, days=[day], load=QUIET_LOAD, rng=rng)
        ]
        rng.shuffle(arrivals)
        return arrivals


def _received(arrival: Arrival, restaurant: Restaurant) -> Booking:
    return receive(request=booking_request(arrival=arrival, restaurant=restaurant), now=timezone.now())

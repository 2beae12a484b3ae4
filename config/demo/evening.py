"""An evening of the demo restaurants: whose bookings arrive, and how each is taken in."""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from bookings.calendar import load_calendar
from bookings.cancellation import cancel
from bookings.demand.arrivals import Arrival, bookings_for, in_order_of_arrival
from bookings.demand.floor_plans import TEMPLATES
from bookings.demand.later import Cancellation
from bookings.demand.load import DEMO_LOAD, next_peak_day
from bookings.demand.loading import booking_request, create_restaurant
from bookings.intake import IntakeError, receive
from bookings.models import Booking, Restaurant


@dataclass(kw_only=True, slots=True)
class Intake:
    """What came of the arrivals: bookings taken, and refusals counted by restaurant slug."""

    taken: list[Booking] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)


def demo_restaurants() -> dict[str, Restaurant]:
    """The demo restaurants by slug, made if they are not there."""
    return {layout.slug: create_restaurant(layout=layout) for layout in TEMPLATES}


def free_evenings(restaurants: Iterable[Restaurant], *, today: date) -> Iterator[date]:
    """Peak days to come on which none of the restaurants has a booking yet."""
    taken = list(restaurants)
    day = today
    while True:
        day = next_peak_day(day)
        if not any(_booked(restaurant, day) for restaurant in taken):
            yield day


def arrivals_on(day: date, *, seed: int, load: float = DEMO_LOAD) -> tuple[Arrival, ...]:
    """One day's bookings for all demo restaurants, in order of arrival."""
    rng = random.Random(f"{seed} {day}")  # noqa: S311 - demand, not secrets
    return in_order_of_arrival(
        arrival
        for layout in TEMPLATES
        for arrival in bookings_for(layout=layout, days=[day], load=load, rng=rng)
    )


def take_in(
    restaurants: Mapping[str, Restaurant], arrival: Arrival, *, into: Intake, clock: Callable[[], datetime]
) -> Booking | None:
    """Send one arrival through intake; None if it was refused."""
    request = booking_request(arrival=arrival, restaurant=restaurants[arrival.restaurant])
    try:
        booking = receive(request=request, now=clock())
    except IntakeError:
        into.refused[arrival.restaurant] += 1
        return None
    into.taken.append(booking)
    return booking


def cancel_some(arrivals: Sequence[tuple[Arrival, Booking]], *, clock: Callable[[], datetime]) -> int:
    """Cancel the bookings whose guests will; return how many."""
    leaving = [booking for arrival, booking in arrivals if will_cancel(arrival)]
    for booking in leaving:
        cancel(booking_id=booking.pk, now=clock())
    return len(leaving)


def will_cancel(arrival: Arrival) -> bool:
    """Whether the guest calls it off later."""
    return any(isinstance(event, Cancellation) for event in arrival.later)


def _booked(restaurant: Restaurant, day: date) -> bool:
    """Whether it has a booking for a service that opens on that local day."""
    sittings = list(load_calendar(restaurant).sittings_on(day))
    return any(
        Booking.objects.filter(
            restaurant=restaurant, start_at__gte=sitting.opens, start_at__lt=sitting.closes
        ).exists()
        for sitting in sittings
    )

"""Bookings as they arrive: who, for when, asked when and how, and what happens to the booking afterwards.

Drawn from the published aggregates (`published`) with an injected `random.Random`; one seed, one result. An
arrival is what a channel would send. It says nothing about tables.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import count
from random import Random
from typing import Self

from bookings.demand import published
from bookings.demand.guests import NOTES, Guest, made_up_guest
from bookings.demand.later import LaterEvent, later_events
from bookings.demand.layout import Attribute, Layout
from bookings.demand.load import bookings_expected
from bookings.demand.party_sizes import draw_party_size, party_sizes_at
from bookings.demand.seatings import Seating, seatings_by_party
from bookings.demand.slots import Slot, Stay, draw_stay, slots_on

Wish = tuple[str | None, tuple[Attribute, ...]]
NO_WISH: Wish = (None, ())


@dataclass(frozen=True, kw_only=True, slots=True)
class Habits:
    """How guests behave: shares of bookings, each 0 to 1."""

    cancellations: float = published.CANCELLATIONS
    no_shows: float = published.NO_SHOWS
    changes: float = published.CHANGES
    zone_wishes: float = published.ZONE_WISHES
    attribute_wishes: float = published.ATTRIBUTE_WISHES
    notes: float = published.NOTES

    @classmethod
    def steadfast(cls) -> Self:
        """Guests who all come as booked; what they wish is as published."""
        return cls(cancellations=0, no_shows=0, changes=0)


PUBLISHED_HABITS = Habits()


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """One booking, first as asked, then `later` in order of time. Instants are UTC.

    `key` is good as an idempotency key: the same for the same seed, else unique over restaurants and days.
    `zone` is a zone's name.
    """

    key: str
    restaurant: str
    received_at: datetime
    service: str
    start: datetime
    end: datetime
    party_size: int
    zone: str | None
    requires: tuple[Attribute, ...]
    channel: str
    guest: Guest
    notes: str
    later: tuple[LaterEvent, ...]


def bookings_for(
    *, layout: Layout, days: Iterable[date], load: float, rng: Random, habits: Habits = PUBLISHED_HABITS
) -> tuple[Arrival, ...]:
    """All bookings for services opening on `days`, in order of arrival (see `load` for what load means).

    Raises LayoutError when a day's load is undefined.
    """
    arrivals = [
        arrival
        for day in days
        for arrival in _bookings_on(layout=layout, day=day, load=load, rng=rng, habits=habits)
    ]
    return in_order_of_arrival(arrivals)


def in_order_of_arrival(arrivals: Iterable[Arrival]) -> tuple[Arrival, ...]:
    return tuple(sorted(arrivals, key=lambda arrival: (arrival.received_at, arrival.key)))


def draw_wish(*, seatings: Sequence[Seating], habits: Habits, rng: Random) -> Wish:
    """A zone, an attribute, both or mostly none, such that at least one of the seatings has it all."""
    zone = None
    if seatings and rng.random() < habits.zone_wishes:
        zone = rng.choice(sorted({seating.zone for seating in seatings}))
    left = sorted(
        {name for seating in seatings if zone in (None, seating.zone) for name in seating.attributes}
    )
    if left and rng.random() < habits.attribute_wishes:
        return zone, (rng.choice(left),)
    return zone, ()


def arrival_of(*, layout: Layout, stay: Stay, key: str, wish: Wish, habits: Habits, rng: Random) -> Arrival:
    """The stay as a booking that somebody made some time before, with what becomes of it."""
    received_at = _received_at(stay, rng)
    zone, requires = wish
    return Arrival(
        key=key,
        restaurant=layout.slug,
        received_at=received_at,
        service=stay.service,
        start=stay.start,
        end=stay.end,
        party_size=stay.party_size,
        zone=zone,
        requires=requires,
        channel=_channel(layout, stay.party_size, rng),
        guest=made_up_guest(rng),
        notes=rng.choice(NOTES) if rng.random() < habits.notes else "",
        later=later_events(
            layout=layout,
            stay=stay,
            received_at=received_at,
            cancellations=habits.cancellations,
            no_shows=habits.no_shows,
            changes=habits.changes,
            rng=rng,
        ),
    )


def arrival_keys(*, layout: Layout, day: date, rng: Random) -> Iterator[str]:
    """Keys for one draw of one day: told apart from another seed's draw of the same day."""
    draw = f"{rng.getrandbits(32):08x}"
    return (f"{layout.slug}-{day:%Y%m%d}-{draw}-{number:04d}" for number in count(1))


def _bookings_on(*, layout: Layout, day: date, load: float, rng: Random, habits: Habits) -> Iterable[Arrival]:
    by_party = seatings_by_party(layout)
    keys = arrival_keys(layout=layout, day=day, rng=rng)
    for key, stay in zip(keys, _stays_on(layout, day, load, rng), strict=False):
        yield arrival_of(
            layout=layout,
            stay=stay,
            key=key,
            wish=draw_wish(seatings=by_party.get(stay.party_size, ()), habits=habits, rng=rng),
            habits=habits,
            rng=rng,
        )


def _stays_on(layout: Layout, day: date, load: float, rng: Random) -> Iterable[Stay]:
    slots: tuple[Slot, ...] = slots_on(layout=layout, day=day)
    sizes = party_sizes_at(layout)
    for _ in range(bookings_expected(layout=layout, day=day, load=load)):
        stay = draw_stay(layout=layout, slots=slots, party_size=draw_party_size(sizes, rng), rng=rng)
        if stay:
            yield stay


def _received_at(stay: Stay, rng: Random) -> datetime:
    """By lead time of the party's size, to the second."""
    hours = published.lead_times_of(stay.party_size).hours(rng.random())
    return stay.start - timedelta(seconds=round(hours * 3600))


def _channel(layout: Layout, party_size: int, rng: Random) -> str:
    """Parties the web shop and the partners would refuse call instead."""
    drawn = rng.choices(list(published.CHANNELS), list(published.CHANNELS.values()))[0]
    return "phone" if party_size > layout.max_party_auto else drawn

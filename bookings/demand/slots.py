"""When a booking may start: the quarter hours of a day's services, and how often guests ask for each."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from bookings.demand.layout import Layout, Service
from bookings.demand.published import START_HOURS, START_MINUTES

GRID = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True, slots=True)
class Slot:
    """A start that guests ask for; `weight` is relative to the other slots of the day.

    `closes` is when the service ends. Both are UTC.
    """

    service: str
    start: datetime
    closes: datetime
    weight: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Stay:
    """A party at a time: what a booking asks for but for its needs. UTC, `[start, end)`, without buffer."""

    party_size: int
    service: str
    start: datetime
    end: datetime


def slots_on(*, layout: Layout, day: date) -> tuple[Slot, ...]:
    """The quarter hours of the services that open on `day`, in the hours that guests are known to ask for."""
    return tuple(
        slot
        for service in layout.services_on(day.weekday())
        for slot in _slots_in(service, day, layout.tzinfo)
    )


def stay_at(*, layout: Layout, slot: Slot, party_size: int) -> Stay | None:
    """The party's stay from that slot, or None after last seating: guests leave by the end of the service."""
    minutes = layout.turn_minutes(service=slot.service, party_size=party_size)
    end = slot.start + timedelta(minutes=minutes)
    if end > slot.closes:
        return None
    return Stay(party_size=party_size, service=slot.service, start=slot.start, end=end)


def stays_of(*, layout: Layout, slots: tuple[Slot, ...], party_size: int) -> list[tuple[Stay, float]]:
    """Every stay open to the party, with its slot's weight."""
    stays = ((stay_at(layout=layout, slot=slot, party_size=party_size), slot.weight) for slot in slots)
    return [(stay, weight) for stay, weight in stays if stay]


def draw_stay(*, layout: Layout, slots: tuple[Slot, ...], party_size: int, rng: Random) -> Stay | None:
    """A stay at one of the hours guests ask for; None if the services are too short for the party."""
    stays = stays_of(layout=layout, slots=slots, party_size=party_size)
    if not stays:
        return None
    return rng.choices([stay for stay, _ in stays], [weight for _, weight in stays])[0]


def instant(day: date, clock: time, zone: ZoneInfo) -> datetime | None:
    """The UTC instant of a local clock time; None if a clock change skips or repeats it."""
    local = datetime.combine(day, clock, zone)
    if local.utcoffset() != local.replace(fold=1).utcoffset():
        return None
    return local.astimezone(UTC)


def _slots_in(service: Service, day: date, zone: ZoneInfo) -> list[Slot]:
    closing_day = day + timedelta(days=service.ends_next_day)
    closes = datetime.combine(closing_day, service.end, zone).astimezone(UTC)
    starts = [(instant(day, clock, zone), _weight(clock)) for clock in _clock_times(service)]
    return [
        Slot(service=service.name, start=start, closes=closes, weight=weight)
        for start, weight in starts
        if start and weight
    ]


def _clock_times(service: Service) -> Iterator[time]:
    """From opening to last seating, which are on one day."""
    first, last = (datetime.combine(date.min, clock) for clock in (service.start, service.last_seating))
    for step in range((last - first) // GRID + 1):
        yield (first + GRID * step).time()


def _weight(clock: time) -> float:
    return START_HOURS.get(clock.hour, 0) * START_MINUTES.get(clock.minute, 0)

"""What becomes of a booking after it was made: a change, a cancellation, or guests who never come."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from bookings.demand.layout import Layout
from bookings.demand.slots import Stay, slots_on, stay_at

NO_SHOW_AFTER = timedelta(minutes=15)
"""Assumed: the host gives a table away a quarter of an hour after the booked start."""

LAST_CHANGE = timedelta(hours=2)
"""Assumed: nobody changes a booking within two hours of its start; they call off or come as they are."""

SIZE_CHANGES = (-2, -1, 1, 2)
TIME_CHANGES = tuple(timedelta(minutes=minutes) for minutes in (-60, -30, -15, 15, 30, 60))


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """The guest asks for another size or time; the booking as it should be from then on."""

    at: datetime
    party_size: int
    start: datetime
    end: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Cancellation:
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class NoShow:
    """Found out `NO_SHOW_AFTER` the start then valid."""

    at: datetime


LaterEvent = Change | Cancellation | NoShow


def later_events(
    *,
    layout: Layout,
    stay: Stay,
    received_at: datetime,
    cancellations: float,
    no_shows: float,
    changes: float,
    rng: Random,
) -> tuple[LaterEvent, ...]:
    """Perhaps a change, then perhaps an end other than coming; the shares are 0 to 1 of all bookings."""
    events: list[LaterEvent] = []
    if rng.random() < changes and (change := _change(layout, stay, received_at, rng)):
        events.append(change)
        stay = Stay(party_size=change.party_size, service=stay.service, start=change.start, end=change.end)
        received_at = change.at
    fate = rng.random()
    if fate < cancellations:
        events.append(Cancellation(at=_moment_before(received_at, stay.start, rng)))
    elif fate < cancellations + no_shows:
        events.append(NoShow(at=stay.start + NO_SHOW_AFTER))
    return tuple(events)


def _change(layout: Layout, stay: Stay, received_at: datetime, rng: Random) -> Change | None:
    """Another size (three in five) or time of the same service; None if none is open or it is too late."""
    latest = stay.start - LAST_CHANGE
    wanted = _other_sizes(layout, stay) if rng.random() < 0.6 else _other_times(layout, stay)
    if not wanted or received_at >= latest:
        return None
    other = rng.choice(wanted)
    at = received_at + (latest - received_at) * rng.random()
    return Change(at=_to_second(at), party_size=other.party_size, start=other.start, end=other.end)


def _moment_before(received_at: datetime, start: datetime, rng: Random) -> datetime:
    """Between booking and start, more likely late than early."""
    return _to_second(received_at + (start - received_at) * rng.random() ** 0.5)


def _to_second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


def _service_day(layout: Layout, stay: Stay) -> date:
    """The published hours all start before midnight, so the service's day is that of the local start."""
    return stay.start.astimezone(layout.tzinfo).date()


def _other_sizes(layout: Layout, stay: Stay) -> list[Stay]:
    sizes = {max(1, stay.party_size + step) for step in SIZE_CHANGES} - {stay.party_size}
    return _open_stays(layout, stay, {(size, stay.start) for size in sizes})


def _other_times(layout: Layout, stay: Stay) -> list[Stay]:
    return _open_stays(layout, stay, {(stay.party_size, stay.start + step) for step in TIME_CHANGES})


def _open_stays(layout: Layout, stay: Stay, wanted: set[tuple[int, datetime]]) -> list[Stay]:
    slots = {slot.start: slot for slot in slots_on(layout=layout, day=_service_day(layout, stay))}
    stays = (
        stay_at(layout=layout, slot=slots[start], party_size=size)
        for size, start in sorted(wanted)
        if start in slots and slots[start].service == stay.service
    )
    return [other for other in stays if other]

"""How much demand is much: load, defined by the seats of the busiest three hours.

Load 1.0 means: on a Friday or Saturday, the parties that may be seated automatically ask, in expectation, for
exactly as many guest-minutes between 18:00 and 21:00 local time as the restaurant has seat-minutes there (its
seats x 180). On the other days the published weekday weights make it half of that. Parties above
`max_party_auto` come on top: they go to people and never compete for seats by themselves.

At load 1.0 not everybody can be seated: a party of three leaves a seat empty at a four-top, and tables do not
free up to the minute.
"""

from datetime import UTC, date, datetime, time, timedelta

from bookings.demand.layout import Layout, LayoutError
from bookings.demand.party_sizes import party_sizes_at
from bookings.demand.published import WEEKDAYS
from bookings.demand.slots import Slot, Stay, slots_on, stays_of

PEAK_HOURS = (time(18), time(21))
PEAK_MINUTES = 180

QUIET_LOAD = 0.4
"""A slow evening: nearly everybody gets a table at the first attempt."""

DEMO_LOAD = 0.58
"""Best fit without moves seats about nine in ten bookings of a Friday or Saturday evening."""

OVERBOOKED_LOAD = 1.5
"""Far more guests than seats in the peak: the queue of the people fills."""


def bookings_expected(*, layout: Layout, day: date, load: float) -> int:
    """How many bookings make that load on that day, rounded; 0 when the restaurant is closed.

    Raises LayoutError when it is open but not between 18:00 and 21:00, where load is defined.
    """
    slots = slots_on(layout=layout, day=day)
    if not slots:
        return 0
    per_booking = _peak_guest_minutes(layout, day, slots)
    if not per_booking:
        message = f"{layout.name} serves nobody from 18:00 to 21:00 on {day}; give it a dinner service"
        raise LayoutError(message)
    weekday = WEEKDAYS[day.weekday()] / max(WEEKDAYS.values())
    return round(load * weekday * layout.seats * PEAK_MINUTES / per_booking)


def next_peak_day(after: date) -> date:
    """The first Friday or Saturday later than `after`."""
    following = (after + timedelta(days=step) for step in range(1, 8))
    return next(day for day in following if WEEKDAYS[day.weekday()] == max(WEEKDAYS.values()))


def peak_window(*, layout: Layout, day: date) -> tuple[datetime, datetime]:
    """The peak hours of that day as UTC instants."""
    opens, closes = (datetime.combine(day, clock, layout.tzinfo).astimezone(UTC) for clock in PEAK_HOURS)
    return opens, closes


def minutes_within(window: tuple[datetime, datetime], start: datetime, end: datetime) -> float:
    """Minutes of `[start, end)` that lie in the window."""
    overlap = min(end, window[1]) - max(start, window[0])
    return max(overlap, timedelta(0)) / timedelta(minutes=1)


def _peak_guest_minutes(layout: Layout, day: date, slots: tuple[Slot, ...]) -> float:
    """Guest-minutes in the peak that an average booking asks for; too large parties count as 0."""
    window = peak_window(layout=layout, day=day)
    asked = 0.0
    sizes = party_sizes_at(layout)
    for size, weight in sizes.items():
        if size <= layout.max_party_auto:
            stays = stays_of(layout=layout, slots=slots, party_size=size)
            asked += weight * size * _mean_minutes(window, stays)
    return asked / sum(sizes.values())


def _mean_minutes(window: tuple[datetime, datetime], stays: list[tuple[Stay, float]]) -> float:
    total = sum(weight for _, weight in stays)
    asked = sum(weight * minutes_within(window, stay.start, stay.end) for stay, weight in stays)
    return asked / total if total else 0.0

"""Bookable times of a day: every start of every service, with the reason where there is none.

A time is bookable if the intake would take the party and a table is free as things stand. What only
fits when other bookings move is not promised here: it is found when the booking is placed.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date as Date  # noqa: N812 - the parameter is called date
from datetime import datetime, timedelta

from bookings.calendar import Calendar, Sitting, load_calendar
from bookings.intake_rules import check_needs, check_party
from bookings.models import Restaurant, Zone
from bookings.pacing import Arrivals, arrivals_between, pace_of
from bookings.seating import NoSeat, Party, seating
from bookings.wishes import Wish

#: Starts are offered this far apart, from the opening of each service on.
STEP = timedelta(minutes=15)

_PAST = NoSeat(reason="too_close_to_start", sentence="This time has passed.")
_PACING = NoSeat(reason="pacing", sentence="Too many guests arrive at this time already.")


@dataclass(frozen=True, kw_only=True, slots=True)
class BookableTime:
    """A start within a service; `end` is when the party's turn time is over. `why_not` None: bookable."""

    service: str
    start: datetime
    end: datetime
    why_not: NoSeat | None = None

    @property
    def bookable(self) -> bool:
        return self.why_not is None


def bookable_times(
    *,
    restaurant: Restaurant,
    party_size: int,
    date: Date,
    zone: Zone | None = None,
    requires: Collection[str] = (),
    now: datetime,
) -> list[BookableTime]:
    """Every time of the services that open on a local day, in order, each bookable or with its reason.

    None of them promises anything: the intake decides, and a table is held by its booking only. Raises
    IntakeError for a party the restaurant takes at no time.
    """
    check_party(restaurant, party_size, by_staff=False)
    check_needs(restaurant, zone, requires)
    calendar = load_calendar(restaurant)
    times = sorted(_times(calendar, date, party_size), key=lambda time: time.start)
    parties = [
        Party(
            restaurant=restaurant,
            wish=Wish(
                party_size=party_size,
                start=time.start,
                end=time.end,
                zone_id=zone.pk if zone else None,
                requires=frozenset(requires),
            ),
        )
        for time in times
    ]
    arrivals = _arrivals(restaurant, times)
    refusals = seating().refusals(parties=parties, now=now)
    return [
        BookableTime(
            service=time.service,
            start=time.start,
            end=time.end,
            why_not=_against_the_rules(time, party_size, arrivals, now) or refusal,
        )
        for time, refusal in zip(times, refusals, strict=True)
    ]


def _times(calendar: Calendar, day: Date, party_size: int) -> Iterator[BookableTime]:
    """The starts at which a party of this size can stay its turn time."""
    for sitting in calendar.sittings_on(day):
        stay = calendar.stay(service_name=sitting.name, party_size=party_size)
        yield from (
            BookableTime(service=sitting.name, start=start, end=start + stay)
            for start in _starts(sitting, stay)
        )


def _starts(sitting: Sitting, stay: timedelta) -> Iterator[datetime]:
    start, latest = sitting.opens, sitting.latest_start(stay)
    while latest is not None and start <= latest:
        yield start
        start += STEP


def _arrivals(restaurant: Restaurant, times: list[BookableTime]) -> Arrivals | None:
    pace = pace_of(restaurant)
    if pace is None or not times:
        return None
    return arrivals_between(
        pace=pace, restaurant_id=restaurant.pk, first=times[0].start, last=times[-1].start
    )


def _against_the_rules(
    time: BookableTime, party_size: int, arrivals: Arrivals | None, now: datetime
) -> NoSeat | None:
    if time.start < now:
        return _PAST
    if arrivals is not None and not arrivals.have_room(start=time.start, party_size=party_size):
        return _PACING
    return None

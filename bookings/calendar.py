"""When a restaurant serves and how long parties stay: local times turned into instants.

Services are weekly in local time; instants are UTC. Durations are elapsed minutes, so a booking
across a clock change keeps its length. A local time that the clock skips (spring) or shows twice
(autumn) names no instant: it is refused rather than guessed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from bookings.models import Restaurant

#: Used where a restaurant has no turn time for a party size: (largest party, minutes).
DEFAULT_TURN_MINUTES = ((2, 75), (4, 90), (6, 105), (8, 120))
LARGEST_TURN_MINUTES = 150


class LocalTimeError(ValueError):
    """A local time that does not name one instant."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """A weekly service; `closes` at or before `opens` means after midnight."""

    name: str
    weekday: int
    opens: time
    closes: time
    last_seating: time | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Sitting:
    """A service on one day, as instants: guests arrive from `opens` to `last_start`, all left by `closes`."""

    name: str
    day: date
    opens: datetime
    last_start: datetime | None
    closes: datetime

    def takes(self, start: datetime, end: datetime) -> bool:
        """Whether a booking over [start, end) lies within it."""
        return (
            self.opens <= start and end <= self.closes and (not self.last_start or start <= self.last_start)
        )

    def latest_start(self, stay: timedelta) -> datetime | None:
        """The last moment a party may arrive that stays so long; None if the sitting is shorter than that."""
        if stay > self.closes - self.opens:
            return None
        latest = self.closes - stay
        return min(latest, self.last_start) if self.last_start else latest


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """How long a party of a size stays, in minutes; an empty service name is for every service."""

    service_name: str
    min_party: int
    max_party: int
    minutes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Calendar:
    """A restaurant's services, closed days (both ends included) and turn times."""

    tz: ZoneInfo
    services: tuple[Service, ...]
    closures: tuple[tuple[date, date], ...]
    turns: tuple[Turn, ...]

    def sitting_at(self, start: datetime) -> Sitting | None:
        """The sitting that `start` falls into, closures left out.

        The day before counts too: a service into the night belongs to the day it opened on.
        """
        local_day = start.astimezone(self.tz).date()
        for day in (local_day, local_day - timedelta(days=1)):
            for sitting in self.sittings_on(day):
                if sitting.opens <= start < sitting.closes:
                    return sitting
        return None

    def sittings_on(self, day: date) -> Iterator[Sitting]:
        """Sittings that open on a local day, none on a closed one."""
        if any(first <= day <= last for first, last in self.closures):
            return
        for service in self.services:
            if service.weekday == day.weekday():
                yield self._sitting(service, day)

    def stay(self, *, service_name: str, party_size: int) -> timedelta:
        """How long a party keeps its tables: the service's band, else the general one, else the default."""
        for name in (service_name, ""):
            for turn in self.turns:
                if turn.service_name == name and turn.min_party <= party_size <= turn.max_party:
                    return timedelta(minutes=turn.minutes)
        for largest, minutes in DEFAULT_TURN_MINUTES:
            if party_size <= largest:
                return timedelta(minutes=minutes)
        return timedelta(minutes=LARGEST_TURN_MINUTES)

    def _sitting(self, service: Service, day: date) -> Sitting:
        return Sitting(
            name=service.name,
            day=day,
            opens=self._instant(service, day, service.opens),
            last_start=self._instant(service, day, service.last_seating) if service.last_seating else None,
            closes=self._instant(service, day, service.closes, closing=True),
        )

    def _instant(self, service: Service, day: date, at: time, *, closing: bool = False) -> datetime:
        into_the_night = at <= service.opens if closing else at < service.opens
        local = datetime.combine(day + timedelta(days=into_the_night), at, self.tz)
        return local.astimezone(UTC)


def resolve_local(local: datetime, tz: ZoneInfo) -> datetime:
    """The instant of a naive local time.

    Raises LocalTimeError if the clocks skip it, or show it twice (then an offset must tell which).
    """
    early, late = (local.replace(tzinfo=tz, fold=fold) for fold in (0, 1))
    if early.utcoffset() == late.utcoffset():
        return early.astimezone(UTC)
    if early.astimezone(UTC).astimezone(tz).replace(tzinfo=None) != local:
        raise LocalTimeError(f"{local:%Y-%m-%d %H:%M} does not exist in {tz.key}: the clocks go forward then")
    raise LocalTimeError(
        f"{local:%Y-%m-%d %H:%M} happens twice in {tz.key}: the clocks go back then; "
        f"write it with an offset, {early.isoformat()} or {late.isoformat()}"
    )


# Prepared, as they are asked for each booking that arrives.
_SERVICES = """
SELECT name, weekday, opens, closes, last_seating FROM service_periods
WHERE restaurant_id = %s ORDER BY weekday, opens"""
_CLOSURES = "SELECT starts_on, ends_on FROM closures WHERE restaurant_id = %s ORDER BY starts_on DESC"
_TURNS = """
SELECT service_name, min_party, max_party, minutes FROM turn_times
WHERE restaurant_id = %s ORDER BY service_name, min_party"""


def load_calendar(restaurant: Restaurant) -> Calendar:
    """Read a restaurant's calendar (three queries)."""
    services, closures, turns = (_rows(sql, restaurant.pk) for sql in (_SERVICES, _CLOSURES, _TURNS))
    return Calendar(
        tz=restaurant.tzinfo,
        services=tuple(
            Service(name=name, weekday=weekday, opens=opens, closes=closes, last_seating=last)
            for name, weekday, opens, closes, last in services
        ),
        closures=tuple((first, last) for first, last in closures),
        turns=tuple(
            Turn(service_name=name, min_party=smallest, max_party=largest, minutes=minutes)
            for name, smallest, largest, minutes in turns
        ),
    )


def _rows(sql: str, restaurant_id: int) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [restaurant_id])
        return list(cursor.fetchall())

"""What a made-up restaurant is: floor plan, service periods, turn times, limits.

Value objects with the rules of the floor plan checked when they are made, so that a template or a variant
that the database or the engine would refuse never gets that far. Clock times are restaurant-local.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import time
from enum import StrEnum
from itertools import pairwise
from typing import TypeVar
from zoneinfo import ZoneInfo

Name = TypeVar("Name", str, int)


class LayoutError(ValueError):
    """A floor plan contradicts itself; the message names the value and what would be legal."""


class ZoneKind(StrEnum):
    INDOOR = "indoor"
    OUTDOOR = "outdoor"
    COVERED = "covered"
    BAR = "bar"
    PRIVATE = "private"


class Attribute(StrEnum):
    ACCESSIBLE = "accessible"
    HIGH_CHAIR = "high_chair"
    WINDOW = "window"
    QUIET = "quiet"


@dataclass(frozen=True, kw_only=True, slots=True)
class Zone:
    """A named part of the restaurant; zones are listed in their sort order."""

    name: str
    kind: ZoneKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A table; parties from `min_party` to `max_party` may have it alone."""

    number: str
    zone: str
    capacity: int
    min_party: int
    max_party: int
    movable: bool
    attributes: tuple[Attribute, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.min_party <= self.max_party <= self.capacity:
            message = (
                f"table {self.number}: needs 1 <= min_party <= max_party <= capacity, "
                f"not {self.min_party}, {self.max_party}, {self.capacity}"
            )
            raise LayoutError(message)

    def fits_alone(self, party_size: int) -> bool:
        return self.min_party <= party_size <= self.max_party


@dataclass(frozen=True, kw_only=True, slots=True)
class Combination:
    """Tables that are joined often enough to have a name and a capacity other than their sum."""

    name: str
    tables: tuple[str, ...]
    capacity: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """One weekday's opening (Monday is 0); `end` at or before `start` means after midnight.

    It belongs to the weekday on which it starts. Bookings start at `last_seating` at the latest, which is
    before midnight, and guests have left by `end`.
    """

    name: str
    weekday: int
    start: time
    last_seating: time
    end: time

    def __post_init__(self) -> None:
        if self.last_seating < self.start or not (self.ends_next_day or self.last_seating < self.end):
            message = (
                f"{self.name}: last seating {self.last_seating} must lie from {self.start} to {self.end}"
            )
            raise LayoutError(message)

    @property
    def ends_next_day(self) -> bool:
        return self.end <= self.start


@dataclass(frozen=True, kw_only=True, slots=True)
class TurnTime:
    """How long parties of `min_party` to `max_party` keep a table in the services of that name."""

    service: str
    min_party: int
    max_party: int
    minutes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Pacing:
    """At most `covers` guests may start within any one grid interval of `minutes`."""

    minutes: int
    covers: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """A whole restaurant. Numbers and names are unique; adjacencies are undirected, each given once."""

    slug: str
    name: str
    timezone: str
    zones: tuple[Zone, ...]
    tables: tuple[Table, ...]
    adjacencies: tuple[tuple[str, str], ...]
    combinations: tuple[Combination, ...]
    services: tuple[Service, ...]
    turn_times: tuple[TurnTime, ...]
    pacing: Pacing
    max_party_auto: int
    buffer_minutes: int = 5
    max_slack: int = 4
    max_tables: int = 3

    def __post_init__(self) -> None:
        _refuse_duplicates("zone", (zone.name for zone in self.zones))
        _refuse_duplicates("table", (table.number for table in self.tables))
        _check_zones(self)
        _check_adjacencies(self)
        _check_combinations(self)
        _check_turn_times(self)

    @property
    def seats(self) -> int:
        return sum(table.capacity for table in self.tables)

    @property
    def tzinfo(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def table(self, number: str) -> Table:
        return next(table for table in self.tables if table.number == number)

    def services_on(self, weekday: int) -> tuple[Service, ...]:
        return tuple(service for service in self.services if service.weekday == weekday)

    def turn_minutes(self, *, service: str, party_size: int) -> int:
        """Length of a stay in minutes; a party above the last band stays as long as that band's."""
        bands = sorted((band for band in self.turn_times if band.service == service), key=_band_start)
        return next((band.minutes for band in bands if party_size <= band.max_party), bands[-1].minutes)


def connected(numbers: Iterable[Name], adjacencies: Iterable[tuple[Name, Name]]) -> bool:
    """Whether the tables hang together using only adjacencies among themselves."""
    wanted = set(numbers)
    links = [pair for pair in adjacencies if wanted.issuperset(pair)]
    reached = {min(wanted)}
    while grown := {number for pair in links if reached.intersection(pair) for number in pair} - reached:
        reached |= grown
    return reached == wanted


def _band_start(band: TurnTime) -> int:
    return band.min_party


def _refuse_duplicates(kind: str, names: Iterable[str]) -> None:
    doubled = [name for name, count in Counter(names).items() if count > 1]
    if doubled:
        message = f"{kind} {doubled[0]!r} is given twice; names are unique in a restaurant"
        raise LayoutError(message)


def _check_zones(layout: Layout) -> None:
    known = {zone.name for zone in layout.zones}
    for table in layout.tables:
        if table.zone not in known:
            message = f"table {table.number}: zone {table.zone!r} is none of {sorted(known)}"
            raise LayoutError(message)


def _check_adjacencies(layout: Layout) -> None:
    _refuse_duplicates("adjacency", ("-".join(sorted(pair)) for pair in layout.adjacencies))
    for first, second in layout.adjacencies:
        if first == second:
            message = f"table {first} is adjacent to itself; name two tables"
            raise LayoutError(message)
        _refuse_unknown_tables(layout, (first, second))


def _check_combinations(layout: Layout) -> None:
    _refuse_duplicates("combination", (combination.name for combination in layout.combinations))
    _refuse_duplicates("combination of", ("+".join(sorted(c.tables)) for c in layout.combinations))
    for combination in layout.combinations:
        _refuse_unknown_tables(layout, combination.tables)
        _check_combination(layout, combination)


def _check_combination(layout: Layout, combination: Combination) -> None:
    members = [layout.table(number) for number in combination.tables]
    if not 2 <= len(set(combination.tables)) <= layout.max_tables:
        message = f"{combination.name}: joins {len(members)} tables, legal are 2 to {layout.max_tables}"
        raise LayoutError(message)
    if not all(table.movable for table in members):
        message = f"{combination.name}: only movable tables can be joined"
        raise LayoutError(message)
    if len({table.zone for table in members}) > 1:
        message = f"{combination.name}: its tables must stand in one zone"
        raise LayoutError(message)
    if not connected(combination.tables, layout.adjacencies):
        message = f"{combination.name}: its tables must be connected by adjacencies"
        raise LayoutError(message)


def _check_turn_times(layout: Layout) -> None:
    for name in {service.name for service in layout.services}:
        bands = sorted((band for band in layout.turn_times if band.service == name), key=_band_start)
        if not bands or bands[0].min_party != 1:
            message = f"service {name}: turn times must start at a party of 1"
            raise LayoutError(message)
        for lower, upper in pairwise(bands):
            if upper.min_party != lower.max_party + 1:
                message = f"service {name}: the band after {lower.max_party} starts at {upper.min_party}"
                raise LayoutError(message)


def _refuse_unknown_tables(layout: Layout, numbers: Iterable[str]) -> None:
    known = {table.number for table in layout.tables}
    for number in numbers:
        if number not in known:
            message = f"there is no table {number!r} in {layout.name}"
            raise LayoutError(message)

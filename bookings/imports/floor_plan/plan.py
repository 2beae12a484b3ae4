"""A restaurant's floor plan and calendar as plain values. Equal plans mean equal restaurants."""

from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """The restaurant's own columns; minutes, seats and guests as whole numbers."""

    name: str
    timezone: str
    active: bool = True
    buffer_minutes: int = 5
    max_slack: int = 4
    max_tables: int = 3
    max_party_auto: int = 12
    freeze_minutes: int = 120
    place_from_review: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Zone:
    name: str
    kind: str
    sort_order: int

    def __str__(self) -> str:
        return f"zone {self.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    number: str
    zone: str
    capacity: int
    min_party: int
    max_party: int
    movable: bool
    attributes: tuple[str, ...]
    active: bool

    def __str__(self) -> str:
        return f"table {self.number}"


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Adjacency:
    """Two tables side by side, in the order of their numbers."""

    first: str
    second: str

    def __str__(self) -> str:
        return f"{self.first} next to {self.second}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Combination:
    name: str
    tables: tuple[str, ...]
    capacity: int

    def __str__(self) -> str:
        return f"combination {self.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class ServicePeriod:
    """A service of one weekday, Monday is 0; it closes after midnight if not after it opens."""

    weekday: int
    name: str
    opens: time
    closes: time
    last_seating: time | None

    def __str__(self) -> str:
        day = f"{date(2024, 1, 1 + self.weekday):%A}"  # 1 January 2024 was a Monday
        return f"{day} {self.name} {self.opens:%H:%M} to {self.closes:%H:%M}"


@dataclass(frozen=True, kw_only=True, slots=True)
class TurnTime:
    """An empty service is every service."""

    service: str
    min_party: int
    max_party: int
    minutes: int

    def __str__(self) -> str:
        parties = f"parties of {self.min_party} to {self.max_party}"
        return f"{self.minutes} min for {parties}{f' at {self.service}' if self.service else ''}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Closure:
    """Local days without service, both ends included."""

    starts_on: date
    ends_on: date
    reason: str

    def __str__(self) -> str:
        return f"closed {self.starts_on} to {self.ends_on}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """A table out of service over [start, end), in UTC."""

    table: str
    start: datetime
    end: datetime
    reason: str

    def __str__(self) -> str:
        return f"table {self.table} blocked from {self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M} UTC"


@dataclass(frozen=True, kw_only=True, slots=True)
class Pacing:
    interval_minutes: int
    max_covers: int

    def __str__(self) -> str:
        return f"{self.max_covers} covers in {self.interval_minutes} min"


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """A whole restaurant."""

    slug: str
    rules: Rules
    zones: tuple[Zone, ...] = ()
    tables: tuple[Table, ...] = ()
    adjacencies: tuple[Adjacency, ...] = ()
    combinations: tuple[Combination, ...] = ()
    service_periods: tuple[ServicePeriod, ...] = ()
    turn_times: tuple[TurnTime, ...] = ()
    closures: tuple[Closure, ...] = ()
    blocks: tuple[Block, ...] = ()
    pacing: Pacing | None = None

    @property
    def tzinfo(self) -> ZoneInfo:
        return ZoneInfo(self.rules.timezone)

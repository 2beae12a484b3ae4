"""What the engine knows when it decides: immutable value objects, checked on construction.

Instants are aware datetimes and are kept in UTC, so that durations are elapsed minutes across clock changes.
Ids are ints or strings, of one kind within a floor plan, because ties go by sorted ids.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

Id = int | str
Path = tuple[str | int, ...]

OVERSTAY = timedelta(minutes=15)
"""A checked-in party past its end keeps its tables until now plus this, moving on."""

MAX_SLACK = 4
MAX_TABLES = 3
BUFFER = timedelta(minutes=5)
FREEZE = timedelta(minutes=120)


class FactsError(ValueError):
    """A value the engine cannot plan with; `path` leads to it, from the collection's name down."""

    def __init__(self, message: str, *path: str | int) -> None:
        super().__init__(message)
        self.message = message
        self.path: Path = path


class FloorPlanError(FactsError):
    """A floor plan that contradicts itself."""


def by_id(value: Id) -> Any:
    """Sort key for ids; mixed kinds raise TypeError, which FloorPlan reports."""
    return value


def in_order(ids: Iterable[Id]) -> tuple[Id, ...]:
    """The ids, sorted: the order in which ties are broken and rows are locked."""
    return tuple(sorted(ids, key=by_id))


def as_utc(instant: datetime, *path: str | int) -> datetime:
    """The instant in UTC; raises FactsError for a naive one, which could mean any hour."""
    if instant.tzinfo is UTC:
        return instant
    if instant.utcoffset() is None:
        message = f"{instant.isoformat()} has no time zone; add an offset"
        raise FactsError(message, *path)
    return instant.astimezone(UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """Half-open `[start, end)`: one period may begin at the instant another ends."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", as_utc(self.start, "start"))
        object.__setattr__(self, "end", as_utc(self.end, "end"))
        if self.end <= self.start:
            message = f"the period ends at {self.end.isoformat()}, not after its start"
            raise FactsError(message, "end")

    def overlaps(self, other: "Period") -> bool:
        return self.start < other.end and other.start < self.end

    def shifted(self, by: timedelta) -> "Period":
        return Period(start=self.start + by, end=self.end + by)

    def with_buffer(self, buffer: timedelta) -> "Period":
        """The occupied period: the buffer follows the booking, once."""
        return Period(start=self.start, end=self.end + buffer)


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A table; `max_party` None means its capacity."""

    id: Id
    zone: str
    capacity: int
    min_party: int = 1
    max_party: int | None = None
    movable: bool = True
    attributes: frozenset[str] = frozenset()

    @property
    def largest_party(self) -> int:
        return self.capacity if self.max_party is None else self.max_party

    def fits_alone(self, party_size: int) -> bool:
        """Whether the party is within this table's own limits."""
        return self.min_party <= party_size <= self.largest_party


@dataclass(frozen=True, kw_only=True, slots=True)
class Combination:
    """A named combination: exactly these tables, with a capacity of their own instead of the sum."""

    tables: frozenset[Id]
    capacity: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """A table out of service."""

    table: Id
    period: Period


@dataclass(frozen=True, kw_only=True, slots=True)
class Seating:
    """A booking that holds tables; its period is without the buffer."""

    booking: Id
    party_size: int
    tables: tuple[Id, ...]
    period: Period
    zone: str | None = None
    requires: frozenset[str] = frozenset()
    locked: bool = False
    checked_in: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "tables", in_order(self.tables))

    def occupied(self, buffer: timedelta, now: datetime) -> Period:
        """Start to end plus buffer; a checked-in party past its end stays until now + 15 min at least."""
        until = self.period.end + buffer
        if self.checked_in and self.period.end <= now:
            until = max(until, now + OVERSTAY)
        return Period(start=self.period.start, end=until)

    def may_move(self, freeze: timedelta, now: datetime) -> bool:
        """Never when locked or checked in, nor with less than `freeze` left to the start."""
        return not (self.locked or self.checked_in) and self.period.start - now >= freeze


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """The booking that wants a seating. Its own seating among the facts, if any, is ignored."""

    booking: Id
    party_size: int
    period: Period
    zone: str | None = None
    requires: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.party_size < 1:
            message = f"party size {self.party_size} is not positive"
            raise FactsError(message, "party_size")


DEFAULT_STRATEGIES: tuple[tuple[str, float], ...] = (
    ("optimal_fit", 1.0),
    ("adjacency", 0.08),
    ("zone_preference", 0.05),
    ("load_balancing", 0.02),
    ("historical_success", 0.02),
    ("reseat", 0.5),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """A restaurant's rules and tastes.

    `strategies` gives order and weight (0 or more) by registered name. `zone_order` lists zones the house
    fills first. `solver_limit` is deterministic solver time (not seconds of a clock), so that a limit cuts
    at the same point on every machine: a tenth of a second or so, for the hot path; what stays undecided
    then is searched again off it (`decide_patiently`).
    """

    buffer: timedelta = BUFFER
    max_slack: int = MAX_SLACK
    max_tables: int = MAX_TABLES
    freeze: timedelta = FREEZE
    strategies: tuple[tuple[str, float], ...] = DEFAULT_STRATEGIES
    zone_order: tuple[str, ...] = ()
    solver_limit: float = 0.04
    plans_kept: int = 5

    def __post_init__(self) -> None:
        for name, least in (("max_slack", 0), ("max_tables", 1), ("plans_kept", 1)):
            if getattr(self, name) < least:
                message = f"{getattr(self, name)} is below {least}"
                raise FactsError(message, "policy", name)
        for name in ("buffer", "freeze"):
            if getattr(self, name) < timedelta(0):
                message = f"{getattr(self, name)} is negative"
                raise FactsError(message, "policy", name)
        for strategy, weight in self.strategies:
            if weight < 0:
                message = f"weight {weight} of {strategy} is negative"
                raise FactsError(message, "policy", "strategies")


@dataclass(frozen=True, kw_only=True, eq=False)
class FloorPlan:
    """Tables, which of them stand side by side, and named combinations.

    Kept in a canonical order, so that two plans with the same content are equal and hash alike whatever
    order they were read in; candidate sets are computed once per plan and found again by value.
    Raises FloorPlanError with the path of the first contradiction.
    """

    tables: tuple[Table, ...]
    adjacencies: frozenset[tuple[Id, Id]] = frozenset()
    combinations: tuple[Combination, ...] = ()
    table: Mapping[Id, Table] = field(init=False, repr=False)
    identity: tuple[object, ...] = field(init=False, repr=False)
    hash_value: int = field(init=False, repr=False)

    def __init__(
        self,
        *,
        tables: Iterable[Table],
        adjacencies: Iterable[tuple[Id, Id]] = (),
        combinations: Iterable[Combination] = (),
    ) -> None:
        known = _checked_tables(tables)
        pairs = _checked_adjacencies(adjacencies, known)
        named = _checked_combinations(combinations, known, pairs)
        # A frozen dataclass is filled through object.__setattr__, once, here.
        put = object.__setattr__
        put(self, "tables", tuple(known[key] for key in in_order(known)))
        put(self, "adjacencies", pairs)
        put(self, "combinations", named)
        put(self, "table", known)
        put(self, "identity", (self.tables, pairs, named))
        put(self, "hash_value", hash(self.identity))

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, FloorPlan) and self.identity == other.identity

    def __hash__(self) -> int:
        return self.hash_value

    def __reduce__(self) -> tuple[Any, ...]:
        # Hashes of strings differ between processes, so a copy is built anew there.
        return _rebuilt, self.identity


def _rebuilt(
    tables: tuple[Table, ...], adjacencies: frozenset[tuple[Id, Id]], combinations: tuple[Combination, ...]
) -> FloorPlan:
    return FloorPlan(tables=tables, adjacencies=adjacencies, combinations=combinations)


def _checked_tables(tables: Iterable[Table]) -> dict[Id, Table]:
    known: dict[Id, Table] = {}
    for place, table in enumerate(tables):
        _check_table(table, place)
        if table.id in known:
            message = f"table {table.id!r} is listed twice"
            raise FloorPlanError(message, "tables", place, "id")
        known[table.id] = table
    if not known:
        raise FloorPlanError("a floor plan needs at least one table", "tables")
    if len({type(key) for key in known}) > 1:
        raise FloorPlanError("table ids mix numbers and strings; use one kind", "tables")
    return known


def _check_table(table: Table, place: int) -> None:
    if table.capacity < 1:
        message = f"capacity {table.capacity} is not positive"
        raise FloorPlanError(message, "tables", place, "capacity")
    if table.min_party < 1:
        message = f"min_party {table.min_party} is not positive"
        raise FloorPlanError(message, "tables", place, "min_party")
    if table.largest_party > table.capacity:
        message = f"max_party {table.max_party} is above the capacity {table.capacity}"
        raise FloorPlanError(message, "tables", place, "max_party")
    if table.min_party > table.largest_party:
        message = f"min_party {table.min_party} is above max_party {table.largest_party}"
        raise FloorPlanError(message, "tables", place, "min_party")


def _checked_adjacencies(
    pairs: Iterable[tuple[Id, Id]], known: Mapping[Id, Table]
) -> frozenset[tuple[Id, Id]]:
    found: set[tuple[Id, Id]] = set()
    for place, (one, other) in enumerate(pairs):
        for side, table in enumerate((one, other)):
            if table not in known:
                message = f"unknown table {table!r}"
                raise FloorPlanError(message, "adjacencies", place, side)
        if one == other:
            message = f"table {one!r} is adjacent to itself"
            raise FloorPlanError(message, "adjacencies", place)
        first, second = in_order((one, other))
        found.add((first, second))
    return frozenset(found)


def _checked_combinations(
    combinations: Iterable[Combination], known: Mapping[Id, Table], pairs: frozenset[tuple[Id, Id]]
) -> tuple[Combination, ...]:
    named: dict[tuple[Id, ...], Combination] = {}
    for place, combination in enumerate(combinations):
        for table in combination.tables:
            if table not in known:
                message = f"unknown table {table!r}"
                raise FloorPlanError(message, "combinations", place, "tables")
        key = in_order(combination.tables)
        problem = _combination_problem(combination, known, pairs)
        if problem is None and key in named:
            problem = f"the combination of {_listed(key)} is listed twice"
        if problem is not None:
            raise FloorPlanError(problem, "combinations", place, "tables")
        if combination.capacity < 1:
            message = f"capacity {combination.capacity} is not positive"
            raise FloorPlanError(message, "combinations", place, "capacity")
        named[key] = combination
    return tuple(named[key] for key in sorted(named))


def _combination_problem(
    combination: Combination, known: Mapping[Id, Table], pairs: frozenset[tuple[Id, Id]]
) -> str | None:
    ids = in_order(combination.tables)
    if len(ids) < 2:
        return "a combination needs at least two different tables"
    fixed = [table for table in ids if not known[table].movable]
    if fixed:
        return f"table {fixed[0]!r} is fixed and cannot be joined"
    if len({known[table].zone for table in ids}) > 1:
        return f"the tables {_listed(ids)} are not in one zone"
    if not connected(combination.tables, pairs):
        return f"the tables {_listed(ids)} are not connected by adjacencies"
    return None


def connected(tables: frozenset[Id], pairs: frozenset[tuple[Id, Id]]) -> bool:
    """Whether the graph that the pairs induce on the tables is connected."""
    inside = [pair for pair in pairs if pair[0] in tables and pair[1] in tables]
    reached = {next(iter(tables))}
    grown = True
    while grown:
        near = {table for pair in inside if reached.intersection(pair) for table in pair}
        grown = not near <= reached
        reached |= near
    return reached == tables


def _listed(ids: Iterable[Id]) -> str:
    return ", ".join(str(table) for table in ids)


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """Everything a decision depends on, frozen at `now`.

    `demand`: expected bookings still to come by party size (any positive scale); empty means the published
    mix of party sizes. `success`: share of successful attempts over 7 days by strategy name, 0 to 1.
    Seatings and blocks may name tables that have left the floor plan: these hold nothing in it.
    """

    plan: FloorPlan
    policy: Policy
    now: datetime
    seatings: tuple[Seating, ...] = ()
    blocks: tuple[Block, ...] = ()
    demand: Mapping[int, float] = field(default_factory=dict)
    success: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "now", as_utc(self.now, "now"))

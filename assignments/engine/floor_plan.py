"""A house: its tables, which of them stand side by side, and named combinations; checked on construction."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from assignments.engine.ids import Id, in_order
from assignments.engine.refusals import FloorPlanError


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

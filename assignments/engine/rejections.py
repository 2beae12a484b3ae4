"""For a table or a set of tables: why this party cannot have it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from assignments.engine.context import Context
from assignments.engine.facts import Facts, Request
from assignments.engine.floor_plan import FloorPlan, Table, connected
from assignments.engine.ids import Id, in_order
from assignments.engine.occupancy import Occupancy
from assignments.engine.periods import Period
from assignments.engine.seating import Candidate, SeatingIndex, seating_index

MOST_JOINED = 200
"""Joined sets listed for one decision; single tables are always all listed."""


class Why(StrEnum):
    """Why not this table or set."""

    WRONG_ZONE = "wrong_zone"
    ATTRIBUTE_MISSING = "attribute_missing"
    TOO_SMALL = "too_small"
    ABOVE_MAX_PARTY = "above_max_party"
    BELOW_MIN_PARTY = "below_min_party"
    SLACK_TOO_LARGE = "slack_too_large"
    BLOCKED = "blocked"
    OCCUPIED = "occupied"
    UNKNOWN_TABLE = "unknown_table"
    TOO_MANY_TABLES = "too_many_tables"
    FIXED_TABLE = "fixed_table"
    ZONES_DIFFER = "zones_differ"
    NOT_CONNECTED = "not_connected"
    FITS_ALONE = "fits_alone"


WHY_SENTENCES: Mapping[Why, str] = MappingProxyType(
    {
        Why.WRONG_ZONE: "not in the wanted zone",
        Why.ATTRIBUTE_MISSING: "lacks something that was asked for",
        Why.TOO_SMALL: "too few seats",
        Why.ABOVE_MAX_PARTY: "not given to parties this large",
        Why.BELOW_MIN_PARTY: "kept for larger parties",
        Why.SLACK_TOO_LARGE: "would leave too many seats empty",
        Why.BLOCKED: "out of service",
        Why.OCCUPIED: "held by another booking",
        Why.UNKNOWN_TABLE: "not in the floor plan",
        Why.TOO_MANY_TABLES: "more tables than the house joins",
        Why.FIXED_TABLE: "a fixed table cannot be joined",
        Why.ZONES_DIFFER: "tables of different zones cannot be joined",
        Why.NOT_CONNECTED: "the tables do not stand side by side",
        Why.FITS_ALONE: "the party fits one of the tables alone",
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rejection:
    """One set and why not; for an occupied or blocked one the bookings in the way and when it is free."""

    tables: tuple[Id, ...]
    why: Why
    bookings: tuple[Id, ...] = ()
    until: datetime | None = None

    @property
    def sentence(self) -> str:
        return WHY_SENTENCES[self.why]

    def as_json(self) -> dict[str, Any]:
        """`{tables, why}` and, where they apply, `bookings` and `until` (ISO, UTC)."""
        found: dict[str, Any] = {"tables": list(self.tables), "why": self.why.value}
        if self.bookings:
            found["bookings"] = list(self.bookings)
        if self.until is not None:
            found["until"] = self.until.isoformat()
        return found


def rejected(context: Context, *, joined: bool) -> tuple[Rejection, ...]:
    """Why not, for every table that is not free to this party, in table order.

    With `joined` also for the sets (the first MOST_JOINED) that would suit but are occupied or blocked.
    """
    request, slack = context.request, context.facts.policy.max_slack
    obstacles = Obstacles(context.index, context.occupancy, context.window)
    ruled_out = _ruled_out(context.index.plan, request.party_size, request.zone, request.requires, slack)
    found = [
        rejection or obstacles.on((table.id,), 1 << bit)
        for bit, (table, rejection) in enumerate(zip(context.index.tables, ruled_out, strict=True))
    ]
    if joined:
        sets = [item for item in context.options if item.joined][:MOST_JOINED]
        found += [obstacles.on(item.tables, item.mask) for item in sets]
    return tuple(item for item in found if item is not None)


def why_not(facts: Facts, request: Request, tables: Iterable[Id]) -> Rejection | None:
    """Why exactly these tables cannot be given to the party as things stand; None when they can."""
    ids = in_order(tables)
    index = seating_index(facts.plan, facts.policy.max_tables)
    why = _illegal(ids, request, facts)
    if why:
        return Rejection(tables=ids, why=why)
    occupancy = Occupancy(facts, index, request)
    period = request.period.with_buffer(facts.policy.buffer)
    return Obstacles(index, occupancy, period).on(ids, index.mask(ids))


class Obstacles:
    """What stands in the way during one period."""

    def __init__(self, index: SeatingIndex, occupancy: Occupancy, period: Period) -> None:
        self.holdings = occupancy.during(period)
        self.blocks = [(1 << index.bit[block.table], block.period.end) for block in occupancy.blocked(period)]

    def on(self, tables: tuple[Id, ...], mask: int) -> Rejection | None:
        """Why the set is not free; a block outranks bookings, which might move."""
        ends = [end for bit, end in self.blocks if bit & mask]
        if ends:
            return Rejection(tables=tables, why=Why.BLOCKED, until=max(ends))
        inside = [item for item in self.holdings if item.mask & mask]
        if not inside:
            return None
        return Rejection(
            tables=tables,
            why=Why.OCCUPIED,
            bookings=tuple(item.seating.booking for item in inside),
            until=max(item.end for item in inside),
        )


@lru_cache(maxsize=2048)
def _ruled_out(
    plan: FloorPlan, party_size: int, zone: str | None, requires: frozenset[str], max_slack: int
) -> tuple[Rejection | None, ...]:
    """For each table why it is not for such a party even while it is free; found once for all its like."""
    whys = [(table.id, _unsuitable(table, party_size, zone, requires, max_slack)) for table in plan.tables]
    return tuple(Rejection(tables=(table,), why=why) if why else None for table, why in whys)


def _unsuitable(
    table: Table, size: int, zone: str | None, requires: frozenset[str], max_slack: int
) -> Why | None:
    checks = (
        (Why.WRONG_ZONE, zone is not None and zone != table.zone),
        (Why.ATTRIBUTE_MISSING, not requires <= table.attributes),
        (Why.TOO_SMALL, size > table.capacity),
        (Why.ABOVE_MAX_PARTY, size > table.largest_party),
        (Why.BELOW_MIN_PARTY, size < table.min_party),
        (Why.SLACK_TOO_LARGE, table.capacity - size > max_slack),
    )
    for why, true in checks:
        if true:
            return why
    return None


def _illegal(ids: tuple[Id, ...], request: Request, facts: Facts) -> Why | None:
    known = facts.plan.table
    if not ids or any(table not in known for table in ids):
        return Why.UNKNOWN_TABLE
    if len(ids) == 1:
        alone = known[ids[0]]
        return _unsuitable(alone, request.party_size, request.zone, request.requires, facts.policy.max_slack)
    return _unjoinable(ids, facts) or _unsuitable_joined(ids, request, facts)


def _unjoinable(ids: tuple[Id, ...], facts: Facts) -> Why | None:
    tables = [facts.plan.table[table] for table in ids]
    checks = (
        (Why.TOO_MANY_TABLES, len(ids) > facts.policy.max_tables),
        (Why.FIXED_TABLE, not all(table.movable for table in tables)),
        (Why.ZONES_DIFFER, len({table.zone for table in tables}) > 1),
        (Why.NOT_CONNECTED, not connected(frozenset(ids), facts.plan.adjacencies)),
    )
    return next((why for why, true in checks if true), None)


def _unsuitable_joined(ids: tuple[Id, ...], request: Request, facts: Facts) -> Why | None:
    found = _candidate(ids, facts)
    size = request.party_size
    checks = (
        (Why.WRONG_ZONE, request.zone is not None and request.zone != found.zone),
        (Why.ATTRIBUTE_MISSING, not request.requires <= found.attributes),
        (Why.FITS_ALONE, any(facts.plan.table[table].fits_alone(size) for table in ids)),
        (Why.TOO_SMALL, size > found.capacity),
        (Why.SLACK_TOO_LARGE, found.capacity - size > facts.policy.max_slack),
    )
    return next((why for why, true in checks if true), None)


def _candidate(ids: tuple[Id, ...], facts: Facts) -> Candidate:
    index = seating_index(facts.plan, facts.policy.max_tables)
    mask = index.mask(ids)
    return next(item for item in index.candidates if item.mask == mask)

"""Legal seating: which tables, alone or joined, may take a party.

A set is one table, or 2 to max_tables movable tables of one zone that are connected by adjacencies. All sets
of a floor plan are found once and kept by the plan's value, so a worker reuses them from booking to booking.
Table i of the sorted plan is bit i of a mask: two sets share a table when their masks share a bit.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache, reduce
from operator import or_

from assignments.engine.floor_plan import FloorPlan, Table
from assignments.engine.ids import Id
from assignments.engine.refusals import FloorPlanError

MOST_SETS = 200_000
"""Above this a floor plan is refused: no real room has so many ways to join its tables."""


MOST_RELIANCES = 2_000
"""Answers of `reliance` a floor plan keeps: those of the evenings that are being booked."""

Wish = tuple[int, int, str | None, frozenset[str]]
"""(party size, max slack, zone, attributes)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A set of tables that may be given to one party. `links` counts adjacencies within the set."""

    tables: tuple[Id, ...]
    bits: tuple[int, ...]
    mask: int
    capacity: int
    zone: str
    attributes: frozenset[str]
    links: int

    @property
    def joined(self) -> bool:
        return len(self.bits) > 1

    def suits(self, zone: str | None, requires: frozenset[str]) -> bool:
        """Whether every table is in the zone and has every attribute that was asked for."""
        return (zone is None or zone == self.zone) and requires <= self.attributes


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """A set a party may get: its tables as mask and bits, and the seats it would leave empty."""

    mask: int
    bits: tuple[int, ...]
    slack: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """The sets that may take a party as (mask, bits, weight), and all their tables as a mask."""

    sets: tuple[tuple[int, tuple[int, ...], float], ...]
    tables: int


class SeatingIndex:
    """All candidate sets of one floor plan up to `max_tables` tables, looked up by party."""

    def __init__(self, plan: FloorPlan, max_tables: int) -> None:
        self.plan = plan
        self.tables: tuple[Table, ...] = plan.tables
        self.bit: dict[Id, int] = {table.id: place for place, table in enumerate(plan.tables)}
        self.neighbours: tuple[int, ...] = _joinable_neighbours(plan, self.bit)
        self.candidates: tuple[Candidate, ...] = tuple(self._found(max_tables))
        self._by_party: dict[tuple[int, int], tuple[Candidate, ...]] = {}
        self._room: dict[tuple[int, int], Room] = {}
        self._reliance: dict[tuple[int, int, int], tuple[tuple[int, float], ...]] = {}
        self._by_wish: dict[Wish, tuple[Candidate, ...]] = {}
        self._options: dict[Wish, tuple[Option, ...]] = {}

    def mask(self, tables: Iterable[Id]) -> int:
        """The tables as a mask; tables that are not in the plan are left out."""
        found = 0
        for table in tables:
            bit = self.bit.get(table)
            if bit is not None:
                found |= 1 << bit
        return found

    def ids(self, mask: int) -> tuple[Id, ...]:
        """The ids of a mask's tables, sorted."""
        return tuple(self.tables[bit].id for bit in bits_of(mask))

    def for_party(self, party_size: int, max_slack: int) -> tuple[Candidate, ...]:
        """Sets that may take the party, zone and attributes apart: fewest tables, least slack first."""
        key = (party_size, max_slack)
        if key not in self._by_party:
            self._by_party[key] = self._fitting(party_size, max_slack)
        return self._by_party[key]

    def for_wish(
        self, party_size: int, max_slack: int, zone: str | None, requires: frozenset[str]
    ) -> tuple[Candidate, ...]:
        """Sets that may legally take the party and have the zone and attributes it asked for."""
        key = (party_size, max_slack, zone, requires)
        if key not in self._by_wish:
            fitting = self.for_party(party_size, max_slack)
            self._by_wish[key] = tuple(item for item in fitting if item.suits(zone, requires))
        return self._by_wish[key]

    def options(
        self, party_size: int, max_slack: int, zone: str | None, requires: frozenset[str]
    ) -> tuple[Option, ...]:
        """The sets of `for_wish` as options. The objects are shared by all problems of this floor plan."""
        key = (party_size, max_slack, zone, requires)
        if key not in self._options:
            self._options[key] = tuple(
                Option(mask=item.mask, bits=item.bits, slack=item.capacity - party_size)
                for item in self.for_wish(party_size, max_slack, zone, requires)
            )
        return self._options[key]

    def room(self, party_size: int, max_slack: int) -> Room:
        """The sets of `for_party`, weighed: joined sets are harder to keep free."""
        key = (party_size, max_slack)
        if key not in self._room:
            sets = [
                (item.mask, item.bits, 1.0 / len(item.bits) ** 2)
                for item in self.for_party(party_size, max_slack)
            ]
            self._room[key] = Room(sets=tuple(sets), tables=reduce(or_, (mask for mask, _, _ in sets), 0))
        return self._room[key]

    def reliance(self, party_size: int, max_slack: int, busy: int) -> tuple[tuple[int, float], ...]:
        """How much of a party's room hangs on each table, as (bit, share), while those of `busy` are taken.

        Its free sets share out 1 among them by weight, and each gives its share to each of its tables.
        `busy` should name none but tables of the party's `room`, so that one answer serves many evenings.
        """
        key = (party_size, max_slack, busy)
        if key not in self._reliance:
            if len(self._reliance) >= MOST_RELIANCES:
                self._reliance.clear()
            self._reliance[key] = self._relied_on(party_size, max_slack, busy)
        return self._reliance[key]

    def _relied_on(self, party_size: int, max_slack: int, busy: int) -> tuple[tuple[int, float], ...]:
        total = 0.0
        weights: dict[int, float] = {}
        for mask, bits, weight in self.room(party_size, max_slack).sets:
            if mask & busy:
                continue
            total += weight
            for bit in bits:
                weights[bit] = weights.get(bit, 0.0) + weight
        return tuple((bit, weight / total) for bit, weight in weights.items())

    def _fitting(self, party_size: int, max_slack: int) -> tuple[Candidate, ...]:
        alone = sum(1 << place for place, table in enumerate(self.tables) if table.fits_alone(party_size))
        return tuple(
            candidate
            for candidate in self.candidates
            if 0 <= candidate.capacity - party_size <= max_slack
            # A joined set is for parties that fit none of its members alone.
            and bool(candidate.mask & alone) != candidate.joined
        )

    def _found(self, max_tables: int) -> list[Candidate]:
        named = {self.mask(item.tables): item.capacity for item in self.plan.combinations}
        masks = _connected_masks(self.neighbours, max_tables)
        found = [self._candidate(mask, named.get(mask)) for mask in masks]
        found.sort(key=lambda item: (len(item.bits), item.capacity, item.bits))
        return found

    def _candidate(self, mask: int, capacity: int | None) -> Candidate:
        bits = bits_of(mask)
        members = [self.tables[bit] for bit in bits]
        return Candidate(
            tables=tuple(table.id for table in members),
            bits=bits,
            mask=mask,
            capacity=sum(table.capacity for table in members) if capacity is None else capacity,
            zone=members[0].zone,
            attributes=frozenset.intersection(*(table.attributes for table in members)),
            links=sum((self.neighbours[bit] & mask).bit_count() for bit in bits) // 2,
        )


@lru_cache(maxsize=256)
def seating_index(plan: FloorPlan, max_tables: int) -> SeatingIndex:
    """The index of a floor plan, computed at its first use and found again by the plan's value."""
    return SeatingIndex(plan, max_tables)


def bits_of(mask: int) -> tuple[int, ...]:
    """The places of the set bits, ascending."""
    found = []
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return tuple(found)


def _joinable_neighbours(plan: FloorPlan, bit: dict[Id, int]) -> tuple[int, ...]:
    """For each table the mask of tables it may be joined with: adjacent, movable, same zone."""
    near = [0] * len(plan.tables)
    for one, other in plan.adjacencies:
        first, second = plan.table[one], plan.table[other]
        if first.movable and second.movable and first.zone == second.zone:
            near[bit[one]] |= 1 << bit[other]
            near[bit[other]] |= 1 << bit[one]
    return tuple(near)


def _connected_masks(neighbours: tuple[int, ...], max_tables: int) -> list[int]:
    """Masks of all connected sets of 1 to max_tables tables, grown table by table."""
    level = {1 << place: near for place, near in enumerate(neighbours)}
    found = list(level)
    for size in range(2, max_tables + 1):
        level = {
            mask | 1 << bit: near | neighbours[bit]
            for mask, near in level.items()
            for bit in bits_of(near & ~mask)
        }
        found.extend(level)
        if len(found) > MOST_SETS:
            message = f"more than {MOST_SETS} ways to join up to {size} tables; lower max_tables"
            raise FloorPlanError(message, "max_tables")
        if not level:
            break
    return found

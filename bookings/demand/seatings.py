"""What a floor plan can seat when it is empty: each table alone, and each legal set of joined tables.

The rules of legal seating, without time: a table takes parties within its own limits; two to
`max_tables` movable, connected tables of one zone take what none of them takes alone; never more than
`max_slack` empty seats. Wishes and accommodating days are drawn from this list; the seating engine has its
own implementation, so that the two can be held against each other.
"""

from dataclasses import dataclass

from bookings.demand.layout import Attribute, Layout


@dataclass(frozen=True, kw_only=True, slots=True)
class Seating:
    """A table, or joined ones, and the party sizes legal there; `attributes` are what all its tables have."""

    tables: tuple[str, ...]
    zone: str
    capacity: int
    attributes: tuple[Attribute, ...]
    parties: tuple[int, ...]


def seatings_of(layout: Layout) -> tuple[Seating, ...]:
    """All seatings, single tables first, in the order of the floor plan."""
    singles = [(table.number,) for table in layout.tables]
    return tuple(
        seating
        for tables in (*singles, *_joinable_sets(layout))
        if (seating := _seating(layout, tables)).parties
    )


def seatings_by_party(layout: Layout) -> dict[int, tuple[Seating, ...]]:
    """For every party size that can be seated at all: its seatings, least slack first, then fewest tables."""
    everything = sorted(seatings_of(layout), key=lambda seating: (seating.capacity, len(seating.tables)))
    sizes = sorted({size for seating in everything for size in seating.parties})
    return {size: tuple(seating for seating in everything if size in seating.parties) for size in sizes}


def _seating(layout: Layout, tables: tuple[str, ...]) -> Seating:
    members = [layout.table(number) for number in tables]
    capacity = _capacity(layout, tables)
    shared = [attribute for attribute in Attribute if all(attribute in table.attributes for table in members)]
    return Seating(
        tables=tables,
        zone=members[0].zone,
        capacity=capacity,
        attributes=tuple(shared),
        parties=tuple(
            size
            for size in range(max(1, capacity - layout.max_slack), capacity + 1)
            if any(table.fits_alone(size) for table in members) == (len(members) == 1)
        ),
    )


def _capacity(layout: Layout, tables: tuple[str, ...]) -> int:
    named = (combination for combination in layout.combinations if set(combination.tables) == set(tables))
    own = next((combination.capacity for combination in named), None)
    return own or sum(layout.table(number).capacity for number in tables)


def _joinable_sets(layout: Layout) -> list[tuple[str, ...]]:
    """Connected sets of movable tables in one zone, grown table by table, smaller ones first."""
    order = {table.number: place for place, table in enumerate(layout.tables)}
    links = _joining_links(layout)
    sets: list[tuple[str, ...]] = []
    grown = {frozenset((table.number,)) for table in layout.tables}
    for _ in range(layout.max_tables - 1):
        grown = {
            joined | {other} for joined in grown for number in joined for other in links[number] - joined
        }
        sets += sorted(tuple(sorted(joined, key=order.__getitem__)) for joined in grown)
    return sets


def _joining_links(layout: Layout) -> dict[str, set[str]]:
    """For each table the movable neighbours it can be joined with."""
    links: dict[str, set[str]] = {table.number: set() for table in layout.tables}
    for first, second in layout.adjacencies:
        left, right = layout.table(first), layout.table(second)
        if left.movable and right.movable and left.zone == right.zone:
            links[first].add(second)
            links[second].add(first)
    return links

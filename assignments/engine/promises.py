"""Whether a seating that was promised still holds after the house has changed around it."""

from collections.abc import Iterable

from assignments.engine.facts import Facts, Request
from assignments.engine.floor_plan import Table, connected
from assignments.engine.ids import Id, in_order
from assignments.engine.occupancy import Occupancy
from assignments.engine.rejections import Obstacles
from assignments.engine.seating import seating_index


def holds(facts: Facts, request: Request, tables: Iterable[Id]) -> bool:
    """Whether the party can have exactly these tables: they are there, free, joined and large enough.

    What only the house's taste forbids (empty seats, tables kept for larger parties, more of them joined
    than needed) breaks no promise: it counts when a seating is chosen.
    """
    ids = in_order(tables)
    if not ids or any(table not in facts.plan.table for table in ids):
        return False
    members = [facts.plan.table[table] for table in ids]
    return _suit(members, request, facts) and _are_free(ids, request, facts)


def _suit(members: list[Table], request: Request, facts: Facts) -> bool:
    asked_zone = request.zone in {None, *(table.zone for table in members)}
    has_all = all(request.requires <= table.attributes for table in members)
    joined = len(members) == 1 or _can_be_joined(members, facts)
    return asked_zone and has_all and joined and request.party_size <= _seats(members, facts)


def _can_be_joined(members: list[Table], facts: Facts) -> bool:
    ids = frozenset(table.id for table in members)
    return (
        all(table.movable for table in members)
        and len({table.zone for table in members}) == 1
        and connected(ids, facts.plan.adjacencies)
    )


def _seats(members: list[Table], facts: Facts) -> int:
    """The most guests these tables take: a named combination by its own capacity, others by their sum."""
    if len(members) == 1:
        return members[0].largest_party
    ids = {table.id for table in members}
    named = [item.capacity for item in facts.plan.combinations if item.tables == ids]
    return named[0] if named else sum(table.capacity for table in members)


def _are_free(ids: tuple[Id, ...], request: Request, facts: Facts) -> bool:
    index = seating_index(facts.plan, facts.policy.max_tables)
    period = request.period.with_buffer(facts.policy.buffer)
    return Obstacles(index, Occupancy(facts, index, request), period).on(ids, index.mask(ids)) is None

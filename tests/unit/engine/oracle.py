"""An independent reading of the seating rules, slow and obvious, that the engine is checked against.

Written from the rules alone; it shares no code with assignments.engine but the value objects.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import combinations

from assignments.engine.facts import Facts, Request, Seating
from assignments.engine.floor_plan import FloorPlan
from assignments.engine.ids import Id

Party = Request | Seating
Span = tuple[datetime, datetime]
Tables = tuple[Id, ...]


def legal(facts: Facts, party: Party, tables: Tables) -> bool:
    """Whether the party may have exactly these tables in an empty house without blocks."""
    plan, policy = facts.plan, facts.policy
    members = [table for table in plan.tables if table.id in tables]
    if len(members) != len(tables) or not members or len(set(tables)) != len(tables):
        return False
    if party.zone is not None and any(table.zone != party.zone for table in members):
        return False
    if any(not party.requires.issubset(table.attributes) for table in members):
        return False
    seats = capacity(plan, tables)
    if not party.party_size <= seats <= party.party_size + policy.max_slack:
        return False
    alone = [table.min_party <= party.party_size <= (table.max_party or table.capacity) for table in members]
    if len(members) == 1:
        return alone[0]
    return (
        len(members) <= policy.max_tables
        and not any(alone)
        and all(table.movable for table in members)
        and len({table.zone for table in members}) == 1
        and _hang_together(plan, set(tables))
    )


def capacity(plan: FloorPlan, tables: Tables) -> int:
    for named in plan.combinations:
        if named.tables == frozenset(tables):
            return named.capacity
    return sum(table.capacity for table in plan.tables if table.id in tables)


def _hang_together(plan: FloorPlan, tables: set[Id]) -> bool:
    groups = [{table} for table in tables]
    for one, other in plan.adjacencies:
        if one in tables and other in tables:
            joined = [group for group in groups if one in group or other in group]
            groups = [group for group in groups if group not in joined] + [set().union(*joined)]
    return len(groups) == 1


def span(facts: Facts, party: Party) -> Span:
    """When the party keeps its tables, buffer included."""
    end = party.period.end + facts.policy.buffer
    if isinstance(party, Seating) and party.checked_in and party.period.end <= facts.now:
        end = max(end, facts.now + timedelta(minutes=15))
    return party.period.start, end


def meet(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def blocked(facts: Facts, party: Party, tables: Tables) -> bool:
    return any(
        block.table in tables and meet(span(facts, party), (block.period.start, block.period.end))
        for block in facts.blocks
    )


def may_move(facts: Facts, seating: Seating) -> bool:
    in_time = seating.period.start - facts.now >= facts.policy.freeze
    return in_time and not seating.locked and not seating.checked_in


def problems(facts: Facts, request: Request, tables: Tables, moves: dict[Id, Tables]) -> list[str]:
    """Everything that is illegal about a plan; empty for a legal one."""
    found = []
    parties: list[tuple[Party, Tables, bool]] = [(request, tables, True)]
    for seating in facts.seatings:
        moved = seating.booking in moves
        parties.append((seating, moves.get(seating.booking, seating.tables), moved))
        if moved and not may_move(facts, seating):
            found.append(f"{seating.booking} may not move")
        if moved and set(moves[seating.booking]) == set(seating.tables):
            found.append(f"{seating.booking} moves to where it is")
    for party, its_tables, new in parties:
        if new and not legal(facts, party, its_tables):
            found.append(f"{party.booking} may not have {its_tables}")
        if new and blocked(facts, party, its_tables):
            found.append(f"{party.booking} sits on a block")
    for (one, its, new), (other, theirs, also_new) in combinations(parties, 2):
        if (new or also_new) and set(its) & set(theirs) and meet(span(facts, one), span(facts, other)):
            found.append(f"{one.booking} and {other.booking} share a table")
    return found


def all_sets(facts: Facts) -> list[Tables]:
    ids = [table.id for table in facts.plan.tables]
    return [chosen for size in range(1, facts.policy.max_tables + 1) for chosen in combinations(ids, size)]


def fewest_moves(facts: Facts, request: Request) -> int | None:
    """The least number of moves with which the request can be seated, by trying everything; None if never."""
    movable = [seating for seating in facts.seatings if may_move(facts, seating)]
    for count in range(len(movable) + 1):
        for moved in combinations(movable, count):
            if _fits(facts, request, moved):
                return count
    return None


def _fits(facts: Facts, request: Request, moved: Sequence[Seating]) -> bool:
    staying = [seating for seating in facts.seatings if seating not in moved]
    held = [(span(facts, seating), seating.tables) for seating in staying]
    return next(_placed(facts, [request, *moved], held), None) is not None


def _placed(
    facts: Facts, parties: Sequence[Party], held: list[tuple[Span, Tables]]
) -> Iterator[list[tuple[Span, Tables]]]:
    if not parties:
        yield held
        return
    party, rest = parties[0], parties[1:]
    for tables in all_sets(facts):
        if not legal(facts, party, tables) or blocked(facts, party, tables):
            continue
        mine = span(facts, party)
        if all(not (set(tables) & set(theirs) and meet(mine, other)) for other, theirs in held):
            yield from _placed(facts, rest, [*held, (mine, tables)])

"""Small houses and bookings for the tests of the engine."""

from datetime import UTC, datetime, timedelta
from typing import Any

from assignments.engine.facts import Block, Facts, Policy, Request, Seating
from assignments.engine.floor_plan import Combination, FloorPlan, Table
from assignments.engine.ids import Id
from assignments.engine.periods import Period

EVENING = datetime(2026, 11, 21, 19, tzinfo=UTC)
DAY_BEFORE = EVENING - timedelta(days=1)


def at(minutes: int) -> datetime:
    """Minutes after seven in the evening."""
    return EVENING + timedelta(minutes=minutes)


def period(start: int = 0, minutes: int = 90) -> Period:
    return Period(start=at(start), end=at(start + minutes))


def table(name: Id, capacity: int = 2, **given: Any) -> Table:
    return Table(id=name, zone=given.pop("zone", "main"), capacity=capacity, **given)


def row(*capacities: int, **given: Any) -> FloorPlan:
    """Tables T1, T2, … in a row, each next to the one before."""
    tables = [table(f"T{place}", capacity, **given) for place, capacity in enumerate(capacities, 1)]
    pairs = [(f"T{place}", f"T{place + 1}") for place in range(1, len(capacities))]
    return FloorPlan(tables=tables, adjacencies=pairs)


def named(capacity: int, *tables: Id) -> Combination:
    return Combination(tables=frozenset(tables), capacity=capacity)


def seated(
    booking: Id, *tables: Id, size: int = 2, start: int = 0, minutes: int = 90, **given: Any
) -> Seating:
    return Seating(booking=booking, party_size=size, tables=tables, period=period(start, minutes), **given)


def asks(size: int = 2, start: int = 0, minutes: int = 90, **given: Any) -> Request:
    return Request(
        booking=given.pop("booking", "new"), party_size=size, period=period(start, minutes), **given
    )


def blocked(name: Id, start: int = 0, minutes: int = 90) -> Block:
    return Block(table=name, period=period(start, minutes))


def house(plan: FloorPlan, *seatings: Seating, **given: Any) -> Facts:
    policy = given.pop("policy", None) or Policy()
    return Facts(plan=plan, policy=policy, now=given.pop("now", DAY_BEFORE), seatings=seatings, **given)

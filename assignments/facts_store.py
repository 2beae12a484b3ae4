"""Facts in: reads what the engine needs to know about one booking's evening.

Read without locks, outside the committing transaction: the facts are frozen, and the exclusion
constraint tells at commit whether they still hold.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db import connection

from assignments.engine.facts import Block, Facts, Policy, Request, Seating
from assignments.engine.floor_plan import Combination, FloorPlan, Table
from assignments.engine.ids import Id
from assignments.engine.periods import Period
from assignments.engine.plans import Plan
from bookings.allocations import Exchange
from bookings.models import (
    Adjacency,
    Booking,
    BookingStatus,
    CombinationTable,
    Restaurant,
)
from bookings.models import Table as TableRow
from bookings.wishes import Wish, wish_of

#: How far around a booking its day is read. What reaches beyond is taken as fixed, so that a plan
#: never moves a booking into hours nobody looked at.
AROUND = timedelta(hours=10)

#: No booking's id.
NOBODY = 0


def load_facts(*, booking: Booking, now: datetime) -> tuple[Facts, Request]:
    """The frozen facts around a booking, and what it asks for.

    One query, three more where this process has not seen the floor plan since its last edit.
    """
    facts = facts_between(
        restaurant=booking.restaurant, start=booking.start_at, end=booking.end_at, but=booking.pk, now=now
    )
    return facts, request_of(booking)


def facts_between(
    *, restaurant: Restaurant, start: datetime, end: datetime, now: datetime, but: int = NOBODY
) -> Facts:
    """The frozen facts around a period; the seating of the booking with id `but` is left out.

    Raises FloorPlanError where the restaurant has no table in service.
    """
    seatings, blocks = _evening(restaurant.pk, (start - AROUND, end + AROUND), but=but)
    return Facts(
        plan=_floor_plan(restaurant.pk, restaurant.floor_plan_version),
        policy=policy_of(restaurant),
        now=now,
        seatings=seatings,
        blocks=blocks,
    )


def policy_of(restaurant: Restaurant) -> Policy:
    """The restaurant's seating rules as the engine takes them."""
    return Policy(
        buffer=timedelta(minutes=restaurant.buffer_minutes),
        max_slack=restaurant.max_slack,
        max_tables=restaurant.max_tables,
        freeze=timedelta(minutes=restaurant.freeze_minutes),
    )


def request_of(booking: Booking) -> Request:
    """What a booking asks for."""
    return request_for(booking.pk, wish_of(booking))


def request_for(booking_id: int, wish: Wish) -> Request:
    """A wish as the engine takes it. Zones go by id, since names may be changed."""
    return Request(
        booking=booking_id,
        party_size=wish.party_size,
        period=Period(start=wish.start, end=wish.end),
        zone=_zone(wish.zone_id),
        requires=wish.requires,
    )


def wish_from(asked: Request | Seating) -> Wish:
    """What the engine saw that somebody asks for, as bookings know it."""
    return Wish(
        party_size=asked.party_size,
        start=asked.period.start,
        end=asked.period.end,
        zone_id=None if asked.zone is None else int(asked.zone),
        requires=asked.requires,
    )


def exchanges_of(plan: Plan, facts: Facts) -> tuple[Exchange, ...]:
    """The moves of a plan as tables are exchanged, each with what the plan saw of the moved booking."""
    seen = {seating.booking: seating for seating in facts.seatings}
    return tuple(
        Exchange(
            booking_id=int(move.booking),
            from_tables=table_ids(move.from_tables),
            to_tables=table_ids(move.to_tables),
            wish=wish_from(seen[move.booking]),
        )
        for move in plan.moves
    )


def table_ids(tables: Iterable[Id]) -> tuple[int, ...]:
    """The engine's table ids as the database's."""
    return tuple(int(table) for table in tables)


def _zone(zone_id: int | None) -> str | None:
    return None if zone_id is None else str(zone_id)


@lru_cache(maxsize=512)
def _floor_plan(restaurant_id: int, version: int) -> FloorPlan:  # noqa: ARG001 - the version is the key
    """The floor plan, read once for each version of it; the engine keeps its candidate sets with it."""
    rows = TableRow.objects.filter(restaurant_id=restaurant_id, active=True)
    tables = [
        Table(
            id=row.pk,
            zone=str(row.zone_id),
            capacity=row.capacity,
            min_party=row.min_party,
            max_party=row.max_party,
            movable=row.movable,
            attributes=frozenset(row.attributes),
        )
        for row in rows
    ]
    in_service = {table.id for table in tables}
    pairs = Adjacency.objects.filter(restaurant_id=restaurant_id).values_list("table_low_id", "table_high_id")
    return FloorPlan(
        tables=tables,
        adjacencies=[pair for pair in pairs if in_service.issuperset(pair)],
        combinations=_combinations(restaurant_id, in_service),
    )


def _combinations(restaurant_id: int, in_service: set[Id]) -> list[Combination]:
    """Named combinations whose tables are all in service."""
    members: dict[int, set[Id]] = {}
    capacity: dict[int, int] = {}
    rows = CombinationTable.objects.filter(restaurant_id=restaurant_id).values_list(
        "combination_id", "table_id", "combination__capacity"
    )
    for combination, table, seats in rows:
        members.setdefault(combination, set()).add(table)
        capacity[combination] = seats
    return [
        Combination(tables=frozenset(tables), capacity=capacity[combination])
        for combination, tables in members.items()
        if tables <= in_service
    ]


#: Who sits where, and what is blocked: rows without a booking. What reaches out of the window is fixed.
_EVENING = """
SELECT b.id, b.party_size, b.start_at, b.end_at, b.zone_id, b.requires, b.status,
       b.locked OR NOT bool_and(a.period <@ tstzrange(%(start)s, %(end)s)) AS fixed,
       array_agg(a.table_id ORDER BY a.table_id) AS tables
FROM booking_table_allocations a JOIN bookings b ON b.id = a.booking_id
WHERE a.restaurant_id = %(restaurant)s AND a.active AND a.period && tstzrange(%(start)s, %(end)s)
  AND a.booking_id <> %(but)s
GROUP BY b.id
UNION ALL
SELECT NULL, NULL, block.start_at, block.end_at, NULL, NULL, NULL, NULL, ARRAY[block.table_id]
FROM table_blocks block JOIN tables t ON t.id = block.table_id AND t.active
WHERE block.restaurant_id = %(restaurant)s AND block.start_at < %(end)s AND block.end_at > %(start)s
ORDER BY 1, 3, 9
"""


def _evening(
    restaurant_id: int, window: tuple[datetime, datetime], *, but: int
) -> tuple[tuple[Seating, ...], tuple[Block, ...]]:
    start, end = window
    with connection.cursor() as cursor:
        cursor.execute(_EVENING, {"restaurant": restaurant_id, "start": start, "end": end, "but": but})
        rows = cursor.fetchall()
    seatings = tuple(_seating(*row) for row in rows if row[0] is not None)
    blocks = tuple(_block(*row) for row in rows if row[0] is None)
    return seatings, blocks


def _seating(
    booking_id: int,
    party_size: int,
    start_at: datetime,
    end_at: datetime,
    zone_id: int | None,
    requires: list[str],
    status: str,
    fixed: bool,  # noqa: FBT001 - a column
    tables: list[int],
) -> Seating:
    return Seating(
        booking=booking_id,
        party_size=party_size,
        tables=tuple(tables),
        period=Period(start=start_at, end=end_at),
        zone=_zone(zone_id),
        requires=frozenset(requires),
        locked=fixed,
        checked_in=status == BookingStatus.CHECKED_IN,
    )


def _block(_: None, __: None, start_at: datetime, end_at: datetime, *rest: Any) -> Block:
    return Block(table=rest[-1][0], period=Period(start=start_at, end=end_at))

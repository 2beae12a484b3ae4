"""Facts in: reads what the engine needs to know about one booking's evening.

Read without locks, outside the committing transaction: the facts are frozen, and the exclusion
constraint tells at commit whether they still hold.
"""

from datetime import datetime, timedelta
from functools import lru_cache

from django.db import connection

from assignments.engine.facts import (
    Block,
    Combination,
    Facts,
    FloorPlan,
    Id,
    Period,
    Policy,
    Request,
    Seating,
    Table,
)
from bookings.models import (
    Adjacency,
    Booking,
    BookingStatus,
    CombinationTable,
    Restaurant,
    TableBlock,
)
from bookings.models import Table as TableRow

#: How far around a booking its day is read. What reaches beyond is taken as fixed, so that a plan
#: never moves a booking into hours nobody looked at.
AROUND = timedelta(hours=10)


def load_facts(*, booking: Booking, now: datetime) -> tuple[Facts, Request]:
    """The frozen facts around a booking, and what it asks for.

    Two queries, three more where this process has not seen the floor plan since its last edit.
    """
    restaurant = booking.restaurant
    window = (booking.start_at - AROUND, booking.end_at + AROUND)
    facts = Facts(
        plan=_floor_plan(restaurant.pk, restaurant.floor_plan_version),
        policy=policy_of(restaurant),
        now=now,
        seatings=_seatings(restaurant.pk, window, but=booking.pk),
        blocks=_blocks(restaurant.pk, window),
    )
    return facts, request_of(booking)


def policy_of(restaurant: Restaurant) -> Policy:
    """The restaurant's seating rules as the engine takes them."""
    return Policy(
        buffer=timedelta(minutes=restaurant.buffer_minutes),
        max_slack=restaurant.max_slack,
        max_tables=restaurant.max_tables,
        freeze=timedelta(minutes=restaurant.freeze_minutes),
    )


def request_of(booking: Booking) -> Request:
    """What a booking asks for. Zones go by id, since names may be changed."""
    return Request(
        booking=booking.pk,
        party_size=booking.party_size,
        period=Period(start=booking.start_at, end=booking.end_at),
        zone=_zone(booking.zone_id),
        requires=frozenset(booking.requires),
    )


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


_SEATINGS = """
SELECT b.id, b.party_size, b.start_at, b.end_at, b.zone_id, b.requires, b.status,
       b.locked OR NOT bool_and(a.period <@ tstzrange(%(start)s, %(end)s)) AS fixed,
       array_agg(a.table_id ORDER BY a.table_id) AS tables
FROM booking_table_allocations a JOIN bookings b ON b.id = a.booking_id
WHERE a.restaurant_id = %(restaurant)s AND a.active AND a.period && tstzrange(%(start)s, %(end)s)
  AND a.booking_id <> %(but)s
GROUP BY b.id ORDER BY b.id
"""


def _seatings(restaurant_id: int, window: tuple[datetime, datetime], *, but: int) -> tuple[Seating, ...]:
    """Who sits where; what reaches out of the window is fixed."""
    start, end = window
    with connection.cursor() as cursor:
        cursor.execute(_SEATINGS, {"restaurant": restaurant_id, "start": start, "end": end, "but": but})
        rows = cursor.fetchall()
    return tuple(
        Seating(
            booking=booking_id,
            party_size=party_size,
            tables=tuple(tables),
            period=Period(start=start_at, end=end_at),
            zone=_zone(zone_id),
            requires=frozenset(requires),
            locked=fixed,
            checked_in=status == BookingStatus.CHECKED_IN,
        )
        for booking_id, party_size, start_at, end_at, zone_id, requires, status, fixed, tables in rows
    )


def _blocks(restaurant_id: int, window: tuple[datetime, datetime]) -> tuple[Block, ...]:
    rows = TableBlock.objects.filter(
        restaurant_id=restaurant_id, table__active=True, start_at__lt=window[1], end_at__gt=window[0]
    ).values_list("table_id", "start_at", "end_at")
    return tuple(Block(table=table, period=Period(start=start, end=end)) for table, start, end in rows)

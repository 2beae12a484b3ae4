"""Facts in: reads what the engine needs to know about one booking's evening.

Read without locks, outside the committing transaction: the facts are frozen, and the exclusion
constraint tells at commit whether they still hold.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q

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
    Allocation,
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

#: Deterministic solver time (see `Policy.solver_limit`) of an attempt on the hot path, and of the
#: one that follows it off that path when the first was undecided.
SOLVER_LIMIT = 1.0
THOROUGH_LIMIT = 10.0


def load_facts(*, booking: Booking, now: datetime, thorough: bool = False) -> tuple[Facts, Request]:
    """The frozen facts around a booking, and what it asks for (five queries).

    `thorough` gives the solver its time, for a booking it could not decide before.
    """
    restaurant = booking.restaurant
    window = (booking.start_at - AROUND, booking.end_at + AROUND)
    facts = Facts(
        plan=_floor_plan(restaurant.pk),
        policy=policy_of(restaurant, thorough=thorough),
        now=now,
        seatings=_seatings(restaurant.pk, window, but=booking.pk),
        blocks=_blocks(restaurant.pk, window),
    )
    return facts, request_of(booking)


def policy_of(restaurant: Restaurant, *, thorough: bool = False) -> Policy:
    """The restaurant's seating rules as the engine takes them."""
    return Policy(
        buffer=timedelta(minutes=restaurant.buffer_minutes),
        max_slack=restaurant.max_slack,
        max_tables=restaurant.max_tables,
        freeze=timedelta(minutes=restaurant.freeze_minutes),
        solver_limit=THOROUGH_LIMIT if thorough else SOLVER_LIMIT,
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


def _floor_plan(restaurant_id: int) -> FloorPlan:
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


def _seatings(restaurant_id: int, window: tuple[datetime, datetime], *, but: int) -> tuple[Seating, ...]:
    rows = (
        Allocation.objects.filter(restaurant_id=restaurant_id, active=True, period__overlap=window)
        .exclude(booking_id=but)
        .annotate(
            party_size=F("booking__party_size"),
            start_at=F("booking__start_at"),
            end_at=F("booking__end_at"),
            zone_id=F("booking__zone_id"),
            requires=F("booking__requires"),
            locked=F("booking__locked"),
            status=F("booking__status"),
            reaches_beyond=~Q(period__contained_by=window),
        )
        .order_by("booking_id", "table_id")
    )
    tables: dict[int, list[int]] = {}
    first: dict[int, Any] = {}
    for row in rows:
        tables.setdefault(row.booking_id, []).append(row.table_id)
        first.setdefault(row.booking_id, row)
    return tuple(
        Seating(
            booking=booking_id,
            party_size=row.party_size,
            tables=tuple(tables[booking_id]),
            period=Period(start=row.start_at, end=row.end_at),
            zone=_zone(row.zone_id),
            requires=frozenset(row.requires),
            locked=row.locked or row.reaches_beyond,
            checked_in=row.status == BookingStatus.CHECKED_IN,
        )
        for booking_id, row in first.items()
    )


def _blocks(restaurant_id: int, window: tuple[datetime, datetime]) -> tuple[Block, ...]:
    rows = TableBlock.objects.filter(
        restaurant_id=restaurant_id, table__active=True, start_at__lt=window[1], end_at__gt=window[0]
    )
    return tuple(Block(table=row.table_id, period=Period(start=row.start_at, end=row.end_at)) for row in rows)

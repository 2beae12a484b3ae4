"""Fills a database with a busy evening by bulk: a long review queue, and one large house that is full.

Rows are written straight to their tables, since it is reading them that is measured; the database's own
triggers open the cases.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from assignments.engine.reasons import Reason
from assignments.models import Attempt, NowFit, ReviewCase
from bookings.demand.loading import create_restaurant
from bookings.models import (
    Adjacency,
    Allocation,
    Booking,
    BookingStatus,
    Restaurant,
    ServicePeriod,
    StateChange,
    Table,
    Weekday,
    Zone,
)
from bookings.states import State
from config.benchmarks.demand import layouts

HOUSES = 40

#: Of the large house: tables in each of its zones, and how often each is taken in an evening.
ZONES = 4
SITTINGS = 4

#: From the first sitting of a table to its next; the turn leaves room for the buffer.
APART = timedelta(minutes=150)
TURN = timedelta(minutes=90)


@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """Open cases, cases closed before, and tables of the large house; its bookings are four times those."""

    cases: int = 10_000
    closed: int = 20_000
    tables: int = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Crowd:
    """What was made: the large house with one of its cases and bookings, and another house."""

    large: Restaurant
    evening: datetime
    case: ReviewCase
    seated: Booking
    other: Restaurant


def crowd(size: Size, *, owner: User, now: datetime) -> Crowd:
    """Make it all; `owner` works on some of the cases."""
    rng = Random(1)  # noqa: S311 - data, not secrets
    houses = [create_restaurant(layout=layout) for layout in layouts("crowded", HOUSES)]
    evening = (now + timedelta(days=1)).replace(hour=12, minute=0, second=0, microsecond=0)
    large = _large_house(size.tables)
    seated = _full(large, evening, now)
    waiting = _in_review(large, 4, [evening + timedelta(hours=hour) for hour in (1, 4, 6, 7)], now)
    _queue(houses, size, owner, now, rng)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return Crowd(
        large=large,
        evening=evening,
        case=ReviewCase.objects.get(booking=waiting[1], closed_at__isnull=True),
        seated=seated[len(seated) // 2],
        other=houses[0],
    )


def _large_house(tables: int) -> Restaurant:
    house = Restaurant.objects.create(slug="crowded-large", name="Large house", timezone="UTC")
    for weekday in Weekday.values:
        ServicePeriod.objects.create(
            restaurant=house, name="All day", weekday=weekday, opens="12:00", closes="23:59"
        )
    for number in range(ZONES):
        zone = Zone.objects.create(restaurant=house, name=f"Zone {number + 1}", sort_order=number)
        rows = Table.objects.bulk_create(
            Table(
                restaurant=house,
                zone=zone,
                number=f"{number + 1}{place:02}",
                capacity=(2, 2, 4, 4, 6)[place % 5],
                max_party=(2, 2, 4, 4, 6)[place % 5],
                movable=True,
            )
            for place in range(tables // ZONES)
        )
        Adjacency.objects.bulk_create(
            Adjacency(restaurant=house, table_low=left, table_high=right) for left, right in pairwise(rows)
        )
    return house


def _full(house: Restaurant, evening: datetime, now: datetime) -> list[Booking]:
    """Every table taken over and over, no two of them at the same minutes."""
    tables = list(Table.objects.filter(restaurant=house).order_by("pk"))
    places = [(table, sitting) for sitting in range(SITTINGS) for table in tables]
    bookings = Booking.objects.bulk_create(
        _booking(
            house,
            f"FULL-{number}",
            party=table.capacity,
            start=evening + sitting * APART + timedelta(minutes=10 * (number % 5)),
            now=now,
            status=BookingStatus.CONFIRMED,
            assignment_state=State.CONFIRMED,
            assignment_state_version=2,
            locked=number % 7 == 0,
        )
        for number, (table, sitting) in enumerate(places)
    )
    _told(bookings, State.CONFIRMED, now)
    Allocation.objects.bulk_create(
        Allocation(
            restaurant=house,
            booking=booking,
            table=table,
            period=DateTimeTZRange(
                booking.start_at, booking.end_at + timedelta(minutes=house.buffer_minutes)
            ),
        )
        for booking, (table, _) in zip(bookings, places, strict=True)
    )
    return bookings


def _queue(houses: Sequence[Restaurant], size: Size, owner: User, now: datetime, rng: Random) -> None:
    share = -(-(size.cases + size.closed) // len(houses))
    left = size.closed
    for house in houses:
        starts = [now + timedelta(minutes=rng.randrange(20, 4_000)) for _ in range(share)]
        bookings = _in_review(house, 6, starts, now)
        closed = bookings[: min(left, round(share * size.closed / (size.cases + size.closed)))]
        left -= len(closed)
        _close(closed, now)
    _color(owner, now, rng)


def _in_review(house: Restaurant, party: int, starts: Sequence[datetime], now: datetime) -> list[Booking]:
    bookings = Booking.objects.bulk_create(
        _booking(
            house,
            f"WAIT-{house.pk}-{number}",
            party=2 + number % party,
            start=start,
            now=now,
            status=BookingStatus.PENDING,
            assignment_state=State.MANUAL_REVIEW,
            assignment_state_version=2,
            assignment_attempts=1,
        )
        for number, start in enumerate(starts)
    )
    _told(bookings, State.MANUAL_REVIEW, now)
    Attempt.objects.bulk_create(
        Attempt(booking=booking, attempt_no=1, result="failure", reason=Reason.NO_CAPACITY_AT_TIME)
        for booking in bookings
    )
    return bookings


def _booking(house: Restaurant, reference: str, *, party: int, start: datetime, **columns: Any) -> Booking:
    now = columns.pop("now")
    return Booking(
        restaurant=house,
        reference=reference,
        party_size=party,
        start_at=start,
        end_at=start + TURN,
        channel="web",
        guest_name="Made-up Guest",
        created_at=now,
        updated_at=now,
        **columns,
    )


def _told(bookings: Sequence[Booking], state: State, now: datetime) -> None:
    """Their histories, which open the cases of those in review."""
    reason = Reason.NO_CAPACITY_AT_TIME if state is State.MANUAL_REVIEW else None
    StateChange.objects.bulk_create(
        [_change(booking, None, State.CREATED, 1, now) for booking in bookings]
        + [_change(booking, State.CREATED, state, 2, now, reason=reason) for booking in bookings],
        batch_size=2_000,
    )


def _close(bookings: Sequence[Booking], now: datetime) -> None:
    StateChange.objects.bulk_create(
        _change(booking, State.MANUAL_REVIEW, State.CANCELLED, 3, now) for booking in bookings
    )
    Booking.objects.filter(pk__in=[booking.pk for booking in bookings]).update(
        assignment_state=State.CANCELLED, assignment_state_version=3, status=BookingStatus.CANCELLED
    )


def _change(
    booking: Booking,
    before: State | None,
    to: State,
    version: int,
    at: datetime,
    *,
    reason: str | None = None,
) -> StateChange:
    return StateChange(
        booking=booking, from_state=before, to_state=to, version=version, created_at=at, reason=reason
    )


def _color(owner: User, now: datetime, rng: Random) -> None:
    """Ages, owners, snoozes and fixes, as a queue of an evening has them."""
    cases = list(ReviewCase.objects.filter(closed_at__isnull=True).select_related("booking"))
    tables = dict(Table.objects.values_list("restaurant_id", "pk"))
    for number, case in enumerate(cases):
        case.opened_at = now - timedelta(minutes=rng.randrange(90))
        case.fixes = [_fix(case.booking, tables[case.booking.restaurant_id])] if number % 3 else []
        if number % 11 == 0:
            case.owner, case.claimed_until = owner, now + timedelta(hours=1)
        elif number % 13 == 0:
            case.snoozed_until, case.snooze_reason = now + timedelta(hours=1), "Guest calls back"
    columns = ["opened_at", "fixes", "owner", "claimed_until", "snoozed_until", "snooze_reason"]
    ReviewCase.objects.bulk_update(cases, columns, batch_size=1_000)
    NowFit.objects.bulk_create(
        NowFit(
            booking=case.booking,
            tables=[tables[case.booking.restaurant_id]],
            strategy="optimal_fit",
            found_at=now,
        )
        for case in cases[::50]
    )


def _fix(booking: Booking, table: int) -> dict[str, Any]:
    return {
        "kind": "shift",
        "start": (booking.start_at + timedelta(minutes=15)).isoformat(),
        "end": (booking.end_at + timedelta(minutes=15)).isoformat(),
        "zone": None,
        "requires": [],
        "party_size": booking.party_size,
        "tables": [table],
        "moves": [],
        "cost": 0.25,
        "sentence": "15 minutes later",
        "key": f"{booking.pk:016x}",
    }

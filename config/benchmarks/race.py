"""Processes that all want the same table at the same time: no deadlock, no long wait, one winner each.

The floor is the bare insert into the same table, in rounds that alternate with those of `hold`.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from assignments.benchmarks.figures import Figure, Progress
from bookings.allocations import AllocationLostError, hold
from bookings.models import Booking
from config.benchmarks.crew import Crew, crew
from config.benchmarks.demand import Guests
from config.benchmarks.percentiles import percentile
from config.benchmarks.throwaway import throwaway_database

PROCESSES = 8
P99_MS = 20.0
APART = timedelta(hours=4)
YEARS_AHEAD = timedelta(days=1000)

_BARE = """
INSERT INTO booking_table_allocations (restaurant_id, booking_id, table_id, period, active, created_at)
VALUES (%s, %s, %s, tstzrange(%s, %s), true, now()) ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """Rounds of each kind, and slots in each round that every process tries to take."""

    rounds: int = 4
    slots: int = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Tries:
    """Milliseconds of each attempt, and how many won."""

    times: Sequence[float]
    wins: int


def measure(progress: Progress) -> list[Figure]:
    with throwaway_database():
        return figures(Size(), progress)


def figures(size: Size, progress: Progress) -> list[Figure]:
    """Attempts, deadlocks, winners, p99 and worst wait in milliseconds; the floor's p99 and worst."""
    bookings = Guests("race", houses=1).take_in(PROCESSES)
    for booking in bookings:
        # As a run reads it: tables are held only in the floor plan they were found in.
        booking.restaurant.refresh_from_db()
    table = min(table.pk for table in bookings[0].restaurant.tables.all())
    before = _deadlocks()
    found: dict[Callable[..., Tries], list[Tries]] = {take: [], take_bare: []}
    with crew(PROCESSES) as rivals:
        for number in range(size.rounds):
            progress(f"race, round {number + 1} of {size.rounds}")
            for place, way in enumerate(found):
                first = timezone.now() + YEARS_AHEAD + (2 * number + place) * size.slots * APART
                found[way] += _raced(rivals, way, bookings, table, first, size.slots)
    deadlocks = _deadlocks() - before
    ours, floor = ([ms for tries in found[way] for ms in tries.times] for way in (take, take_bare))
    slots = size.rounds * size.slots
    return [
        Figure(name="attempts", value=len(ours), unit="attempts", note=f"{PROCESSES} processes, one table"),
        Figure(
            name="slots with more or less than one winner",
            value=abs(slots - sum(tries.wins for tries in found[take])),
            unit="slots",
            at_most=0,
            note=f"of {slots}",
        ),
        Figure(name="deadlocks", value=deadlocks, unit="deadlocks", at_most=0),
        Figure(name="wait", value=percentile(ours, 0.99), unit="ms p99", at_most=P99_MS),
        Figure(name="longest wait", value=max(ours), unit="ms"),
        Figure(name="wait of bare inserts", value=percentile(floor, 0.99), unit="ms p99"),
        Figure(name="longest wait of bare inserts", value=max(floor), unit="ms"),
    ]


def _raced(
    rivals: Crew,
    way: Callable[..., Tries],
    bookings: Sequence[Booking],
    table: int,
    first: datetime,
    slots: int,
) -> Sequence[Tries]:
    return rivals.do(way, [(booking, table, first, slots) for booking in bookings]).results


def take(booking: Booking, table: int, first: datetime, slots: int) -> Tries:
    """Try to hold the table in one slot after the other, as a run's commit does."""

    def attempt(start: datetime) -> bool:
        booking.start_at, booking.end_at = start, start + timedelta(hours=2)
        try:
            with transaction.atomic():
                hold(booking=booking, tables=[table], now=start)
        except AllocationLostError:
            return False
        return True

    return _tried(attempt, first, slots)


def take_bare(booking: Booking, table: int, first: datetime, slots: int) -> Tries:
    """The same by one insert, committed by itself."""

    def attempt(start: datetime) -> bool:
        values: list[Any] = [booking.restaurant_id, booking.pk, table, start, start + timedelta(hours=2)]
        with connection.cursor() as cursor:
            cursor.execute(_BARE, values)
            return bool(cursor.rowcount == 1)

    return _tried(attempt, first, slots)


def _tried(attempt: Callable[[datetime], bool], first: datetime, slots: int) -> Tries:
    times, wins = [], 0
    for slot in range(slots):
        began = time.perf_counter()
        wins += attempt(first + slot * APART)
        times.append(1000 * (time.perf_counter() - began))
    return Tries(times=times, wins=wins)


def _deadlocks() -> int:
    """Deadlocks the server has broken in this database so far."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])

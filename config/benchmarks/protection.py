"""What protection costs: round trips to Redis for a booking, and how long its lock takes.

The floor of the lock is one bare command (``SET`` if absent, with an expiry) on the same connection;
both are timed in turn.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import mean

from django.core.cache import caches
from django_redis import get_redis_connection

from assignments.benchmarks.figures import Figure, Progress
from assignments.coordinator import Confirmed, process_booking
from assignments.protection.locks import booking_lock
from config.benchmarks.demand import Guests
from config.benchmarks.percentiles import percentile
from config.benchmarks.throwaway import throwaway_database
from config.benchmarks.wire import redis_traffic

MOST_ROUND_TRIPS = 4
LOCK_MS = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """Bookings whose round trips are counted, and locks that are timed."""

    bookings: int = 100
    locks: int = 3000


def measure(progress: Progress) -> list[Figure]:
    with throwaway_database():
        return figures(Size(), progress)


def figures(size: Size, progress: Progress) -> list[Figure]:
    """Round trips of confirmed bookings; p50 and p95 of taking a lock and of the bare command."""
    progress(f"round trips to Redis of {size.bookings} bookings")
    counted = _round_trips(size.bookings)
    progress(f"{size.locks} locks")
    locks, floor = _times(size.locks)
    return [
        Figure(
            name="Redis round trips of a booking, most",
            value=max(counted),
            unit="round trips",
            at_most=MOST_ROUND_TRIPS,
            note=f"{len(counted)} bookings confirmed, mean {mean(counted):.2f}",
        ),
        Figure(
            name="lock taken",
            value=percentile(locks, 0.95),
            unit="ms p95",
            at_most=LOCK_MS,
            note=f"p50 {percentile(locks, 0.5):.3f}",
        ),
        Figure(
            name="bare SET",
            value=percentile(floor, 0.95),
            unit="ms p95",
            note=f"p50 {percentile(floor, 0.5):.3f}",
        ),
        Figure(
            name="lock / bare SET", value=percentile(locks, 0.5) / percentile(floor, 0.5), unit="ratio of p50"
        ),
    ]


def _round_trips(number: int) -> list[int]:
    guests = Guests("protection")
    for booking in guests.take_in(10):
        process_booking(booking_id=booking.pk, trigger="benchmark")  # connects, and loads the scripts
    found = []
    for booking in guests.take_in(number):
        with redis_traffic() as asked:
            outcome = process_booking(booking_id=booking.pk, trigger="benchmark")
        if isinstance(outcome, Confirmed):
            found.append(asked.round_trips)
    return found


def _times(number: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each lock and of each bare command, one after the other in turn."""
    client, key = get_redis_connection("default"), caches["default"].make_key("floor")
    locks: list[float] = []
    floor: list[float] = []
    for booking_id in range(number):
        with _timed(floor):
            client.set(key, "1", nx=True, px=30_000)
        client.delete(key)
        lock = booking_lock(booking_id)
        with _timed(locks):
            lock.__enter__()
        lock.__exit__(None, None, None)
    return locks, floor


@contextmanager
def _timed(into: list[float], clock: Callable[[], float] = time.perf_counter) -> Iterator[None]:
    began = clock()
    yield
    into.append(1000 * (clock() - began))

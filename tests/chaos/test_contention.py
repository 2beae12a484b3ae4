"""Faults 1 and 2: processes after the same tables, and a booking delivered to many at once."""

import multiprocessing
import random
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from assignments.coordinator import Confirmed, ManualReview, Retry, process_booking
from assignments.models import Slot
from bookings.allocations import AllocationLostError, hold
from bookings.models import Allocation, Booking
from tests.chaos.conftest import FULL, Report
from tests.factories import NOW, dinner, receive, serving_restaurant
from tests.invariants import breaches
from tests.processes import in_parallel

PROCESSES = 8
SLOTS = 1000 if FULL else 250
DAYS = 12 if FULL else 4

pytestmark = pytest.mark.timeout(300)


def deadlocks() -> int:
    """Deadlocks the server has broken in this database so far."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush() IS NULL")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def grab_every_slot(booking_id: int, tables: list[int], barrier: Any) -> tuple[int, float]:
    """Try to take `tables` in each slot together with the other processes; wins and the longest wait, s."""
    booking = Booking.objects.select_related("restaurant").get(pk=booking_id)
    first, stay = booking.start_at, booking.end_at - booking.start_at
    wins, longest = 0, 0.0
    for slot in range(SLOTS):
        booking.start_at = first + slot * timedelta(hours=3)
        booking.end_at = booking.start_at + stay
        barrier.wait(30)
        began = time.perf_counter()
        try:
            with transaction.atomic():
                hold(booking=booking, tables=tables, now=NOW)
        except AllocationLostError:
            pass
        else:
            wins += 1
        longest = max(longest, time.perf_counter() - began)
    return wins, longest


@pytest.mark.parametrize("capacities", [(2,), (2, 2, 2)], ids=["one table", "three joined tables"])
def test_fault_1_every_slot_of_a_table_has_one_winner(
    committed_db: None, seed: int, capacities: tuple[int, ...], report: Report
) -> None:
    restaurant = serving_restaurant(*capacities, join=True)
    rivals = [receive(restaurant) for _ in range(PROCESSES)]
    tables = [table.pk for table in restaurant.tables.all()]
    before = deadlocks()
    barrier = multiprocessing.get_context("fork").Barrier(PROCESSES)

    # Each process names the tables in an order of its own: only sorting keeps them from a circle.
    rng = random.Random(seed)
    results = in_parallel(
        grab_every_slot, [(rival.pk, rng.sample(tables, len(tables)), barrier) for rival in rivals]
    )

    assert sum(wins for wins, _ in results) == SLOTS
    assert Allocation.objects.filter(active=True).count() == SLOTS * len(tables)
    assert deadlocks() == before
    longest = max(longest for _, longest in results)
    assert longest < 5
    assert not any("held by two" in name for name in breaches(unfinished=True))
    report(slots=SLOTS, longest_wait_s=round(longest, 3), deadlocks=deadlocks() - before)


def process_all(booking_ids: list[int], barrier: Any) -> list[str]:
    """Process this rival's booking of each slot, all rivals at once, until permit and lock are had."""
    outcomes = []
    for booking_id in booking_ids:
        barrier.wait(30)
        outcome = process_booking(booking_id=booking_id, trigger="race")
        while isinstance(outcome, Retry) and outcome.reason == "rate_limited":
            outcome = process_booking(booking_id=booking_id, trigger="race")
        outcomes.append(type(outcome).__name__)
    return outcomes


def test_fault_1_rival_bookings_of_one_table_end_with_one_confirmed_per_slot(
    committed_db: None, seed: int
) -> None:
    restaurant = serving_restaurant(2)
    rounds = [[receive(restaurant, start=dinner(day=day)) for _ in range(PROCESSES)] for day in range(DAYS)]
    before = deadlocks()
    barrier = multiprocessing.get_context("fork").Barrier(PROCESSES)

    results = in_parallel(
        process_all,
        [([rivals[process].pk for rivals in rounds], barrier) for process in range(PROCESSES)],
    )

    for slot in range(DAYS):
        outcomes = sorted(outcomes[slot] for outcomes in results)
        assert outcomes == sorted([Confirmed.__name__] + [ManualReview.__name__] * (PROCESSES - 1))
    assert deadlocks() == before
    assert not Slot.objects.filter(booking__isnull=False).exists()
    assert breaches(unfinished=True) == {}


def deliver(booking_id: int, barrier: Any) -> str:
    barrier.wait(30)
    return type(process_booking(booking_id=booking_id, trigger="delivery")).__name__


def test_fault_2_a_booking_delivered_ten_times_at_once_is_confirmed_once(
    committed_db: None, seed: int
) -> None:
    booking = receive(serving_restaurant(2, 2, 2))
    barrier = multiprocessing.get_context("fork").Barrier(10)

    outcomes = in_parallel(deliver, [(booking.pk, barrier)] * 10)

    assert sorted(outcomes) == ["Confirmed"] + ["Noop"] * 9
    assert Allocation.objects.count() == 1
    assert breaches(unfinished=True) == {}

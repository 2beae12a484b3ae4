"""Fault 14: a worker's clock is an hour off. Leases and timers go by the database's clock."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django_q.models import OrmQ

from assignments.coordinator import Confirmed, Retry, process_booking
from assignments.edge import Edge
from assignments.models import Attempt
from assignments.protection.permits import LEASE
from assignments.sweeper import Swept, sweep
from bookings.intake import ASSIGN_TASK
from bookings.models import Booking
from tests.factories import NOW, dinner, receive, serving_restaurant
from tests.invariants import breaches
from tests.permits import take_permit

HOUR = timedelta(hours=1)

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.parametrize("skew", [-HOUR, HOUR], ids=["an hour slow", "an hour fast"]),
]


def seconds_of_leases() -> list[float]:
    """What is left of each taken lease, by the database's clock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM lease_until - clock_timestamp())::float8 FROM assignment_slots"
            " WHERE token IS NOT NULL"
        )
        return [left for (left,) in cursor.fetchall()]


def test_a_run_keeps_its_lease_and_nobody_takes_it_over(skew: timedelta) -> None:
    booking = receive(serving_restaurant(2), start=dinner(day=2))
    leases: list[float] = []
    swept: list[Swept] = []

    def clock() -> datetime:
        """The wrong clock; whenever it is read, another worker, wrong the other way, sweeps."""
        leases.extend(seconds_of_leases())
        swept.append(sweep(now=NOW - skew))
        return NOW + skew

    outcome = process_booking(booking_id=booking.pk, trigger="test", edge=Edge(clock=clock))

    assert isinstance(outcome, Confirmed)
    assert leases
    assert all(LEASE.total_seconds() - 10 < left <= LEASE.total_seconds() for left in leases)
    assert all(not found.lost_runs for found in swept)
    assert Attempt.objects.filter(booking=booking).count() == 1
    assert breaches(unfinished=True) == {}


def test_the_limit_of_runs_holds_and_the_next_try_comes_when_it_should(skew: timedelta) -> None:
    restaurant = serving_restaurant(2, 2, 2, 2)
    *running, late = [receive(restaurant, start=dinner(day=2)) for _ in range(4)]
    for booking in running:
        assert take_permit(booking, limit=3)

    outcome = process_booking(booking_id=late.pk, trigger="test", edge=Edge(clock=lambda: NOW + skew))

    assert isinstance(outcome, Retry)
    assert abs(seconds_until_task(late) - outcome.delay.total_seconds()) < 10


def seconds_until_task(booking: Booking) -> float:
    """How far ahead of the database's clock the booking's latest task lies."""
    (task,) = [row for row in OrmQ.objects.order_by("-pk")[:1] if row.func() == ASSIGN_TASK]
    assert task.args()[0] == booking.pk
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM %s - clock_timestamp())::float8", [task.lock])
        return float(cursor.fetchone()[0])

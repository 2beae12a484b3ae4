"""Faults 8 to 11: Redis emptied and gone, PostgreSQL restarted, its sessions ended, under load."""

import time

import psycopg
import pytest
from django.db import DatabaseError, connection

from bookings.models import Booking
from observability.models import Event
from tests.chaos.conftest import FULL, Report
from tests.chaos.servers import LeaseWatch
from tests.chaos.site import PATIENCE, Site

pytestmark = pytest.mark.timeout(2 * PATIENCE)


#: Twice as many as may run at one restaurant, so that only the permits keep them off.
WORKERS = 6


def most_permits() -> int:
    """The most runs a restaurant had at once, as each run saw it at its claim."""
    claims = Event.objects.filter(event_type="coordinator.rate_permit_acquired")
    return max(int(event.context["in_use"]) for event in claims)


def test_fault_8_an_emptied_redis_under_load_breaks_nothing(site: Site, seed: int, report: Report) -> None:
    rounds = 20 if FULL else 6
    site.queue_workers = WORKERS
    with site.workers(), LeaseWatch(servers=site.servers, database=site.database) as leases:
        for _ in range(rounds):
            site.take_in(site.rng.randint(4, 8), restaurant=site.restaurants[0])
            time.sleep(site.rng.random() / 3)
            site.servers.redis.flushall()
        settled = site.settle()
    site.must_be_sound()
    assert leases.most <= 3
    assert 2 <= most_permits() <= 3
    report(
        bookings=len(site.accepted), most_live=leases.most, looks=leases.looks, settled_s=round(settled, 1)
    )


def test_fault_9_work_goes_on_while_redis_is_down(site: Site, seed: int, report: Report) -> None:
    """Locks and breaker are gone, tables are still given: the database alone decides."""
    seconds = 60 if FULL else 5
    site.queue_workers = WORKERS
    with site.workers(), LeaseWatch(servers=site.servers, database=site.database) as leases:
        site.take_in(3)
        site.servers.stop_redis()
        try:
            ends = time.monotonic() + seconds
            site.feed_until(lambda: time.monotonic() > ends, patience=seconds + 30, pause=0.5)
            without = site.settle()
            placed = Booking.objects.filter(assignment_state="confirmed").count()
        finally:
            site.servers.start_redis()
        site.take_in(3)
        settled = site.settle()
    site.must_be_sound()
    assert placed > 0
    assert leases.most <= 3
    report(
        down_s=seconds,
        bookings=len(site.accepted),
        settled_without_s=round(without, 1),
        settled_s=round(settled, 1),
    )


def test_fault_10_postgresql_restarted_at_once_loses_nothing_accepted(
    site: Site, seed: int, report: Report
) -> None:
    with site.workers():
        for _ in range(3 if FULL else 1):
            for _ in range(8):
                site.try_to_take_in()
            time.sleep(site.rng.random())
            site.servers.restart_database_immediately()
            connection.close()
            site.feed_until(lambda: True)
        began = time.monotonic()
        settled = site.settle()
    site.must_be_sound()
    report(bookings=len(site.accepted), settled_s=round(settled, 1), waited_s=round(time.monotonic() - began))


def test_fault_11_a_storm_that_ends_sessions_loses_nothing_accepted(
    site: Site, seed: int, report: Report
) -> None:
    """Sessions of workers and guests are ended at random, in transactions and out of them."""
    ended = 0
    with site.workers(), site.servers.admin() as admin:
        for _ in range(30 if FULL else 8):
            site.try_to_take_in()
            ended += end_some_sessions(site, admin)
            time.sleep(site.rng.random() / 4)
        site.feed_until(lambda: True)
        settled = site.settle()
    site.must_be_sound()
    assert ended
    report(bookings=len(site.accepted), ended=ended, settled_s=round(settled, 1))


def end_some_sessions(site: Site, admin: psycopg.Connection) -> int:
    """End each session on the site's database with a chance of one in two; how many were ended."""
    sessions = admin.execute(
        "SELECT pid FROM pg_stat_activity WHERE datname = %s ORDER BY pid", [site.database]
    ).fetchall()
    chosen = [pid for (pid,) in sessions if site.rng.random() < 0.5]
    admin.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s::int[]) pid", [chosen])
    return len(chosen)


def test_a_lost_connection_is_told_from_a_refusal(site: Site, seed: int) -> None:
    """The guests of this harness notice a database that is gone: else fault 10 would prove nothing."""
    site.servers.restart_database_immediately()

    with pytest.raises(DatabaseError):
        site.take_in(1)
    connection.close()
    assert len(site.take_in(1)) == 1

"""Each benchmark in small: its figures are there, its counts add up, and it leaves nothing behind."""

import json
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import override_settings

from assignments import flags as flags_in_force
from assignments.benchmarks.figures import Figure
from assignments.coordinator import process_booking
from assignments.models import ReviewCase
from bookings.models import Allocation, Booking, OutboxMessage
from bookings.states import FINAL
from config.benchmarks import (
    commits,
    crowded,
    end_to_end,
    flags,
    pages,
    pgbench,
    pipeline,
    protection,
    race,
    replay,
)
from config.benchmarks.demand import Guests
from config.benchmarks.throwaway import throwaway_database
from tests.invariants import breaches

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(autouse=True)
def v3_decides() -> None:
    """The benchmarks set their own flags in their own database."""


@pytest.fixture(scope="module")
def measured(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """One throw-away database for all; each benchmark has houses of its own in it."""
    unpinned = override_settings(FEATURE_ASSIGNMENT_PIPELINE_V3=None)
    with unpinned, django_db_blocker.unblock(), throwaway_database() as name:
        yield name
    flags_in_force.forget()


def run(figures: Callable[..., list[Figure]], size: object) -> dict[str, Figure]:
    """The figures by name; every one is a number a person can read."""
    told: list[str] = []
    found = figures(size, told.append)
    assert told
    assert all(item.value >= 0 and item.value != float("inf") for item in found)
    return {item.name: item for item in found}


def test_end_to_end_takes_every_booking_to_its_end_and_its_mail(measured: str) -> None:
    found = run(end_to_end.figures, end_to_end.Size(rounds=1, bookings=6, tasks=10, half_load=4))
    ours = Booking.objects.filter(restaurant__slug__startswith="end-to-end")
    assert ours.count() >= 6 + 4
    assert not ours.exclude(assignment_state__in=FINAL).exists()
    assert found["decided"].value >= found["decided and mailed"].value > 0


def test_pipeline_and_its_floor_write_the_same_rows(measured: str) -> None:
    found = run(pipeline.figures, pipeline.Size(rounds=2, bookings=8, replayed=16, least=16))
    # Of those taken in for the replay, the unusual ones are left as they are.
    ours = Booking.objects.filter(restaurant__slug__startswith="pipeline", assignment_attempts__gt=0)
    floor = Booking.objects.filter(channel="floor", assignment_state="confirmed")
    assert not ours.exclude(assignment_state__in=FINAL).exists()
    assert floor.count() == 2 * 16
    assert Allocation.objects.filter(booking__in=floor, active=True).count() == 2 * 16
    assert OutboxMessage.objects.filter(booking__in=floor).count() == 2 * 16
    assert found["coordinator / pgbench"].value > 0
    # The floor keeps history and permits too: it is no cheaper than what must be written.
    assert {name for name in breaches(unfinished=True) if name.startswith(("I1", "I4", "I5", "I6"))} == set()


def test_a_replay_sends_the_very_statements_of_the_runs_and_ends_as_they_did(measured: str) -> None:
    guests = Guests("replayed", houses=1)
    process_booking(booking_id=guests.take_in(1)[0].pk, trigger="first")  # makes the house's slots
    taken = [booking.pk for booking in guests.take_in(12)]
    runs = replay.recorded(taken)
    bookings = Booking.objects.filter(pk__in=taken)
    assert set(bookings.values_list("assignment_state", flat=True)) == {"created"}  # nothing stayed
    script = replay.as_script(runs[0])
    assert script.count("BEGIN;") == script.count("COMMIT;") == 1
    assert replay.replay(runs, clients=2) > 0
    replayed = len(runs) // 2 * 2
    confirmed = bookings.filter(assignment_state="confirmed")
    assert confirmed.count() == replayed >= 6
    assert Allocation.objects.filter(booking__in=confirmed, active=True).count() >= replayed
    assert OutboxMessage.objects.filter(booking__in=confirmed).count() == replayed
    assert {name for name in breaches(unfinished=True) if name.startswith(("I1", "I4", "I5", "I6"))} == set()


def test_commits_are_three_a_booking(measured: str) -> None:
    found = run(commits.figures, commits.Size(bookings=4, before=60))
    assert found["commits at intake"].value == 1
    assert found["commits of the run"].value == 2
    assert found["commits of a booking, most"].value == 3
    assert found["statements of the run"].value > found["commits of the run"].value


def test_pages_are_timed_on_a_queue_and_a_floor_that_are_as_long_as_told(measured: str) -> None:
    size = crowded.Size(cases=40, closed=40, tables=8)
    found = run(lambda what, told: pages.figures(what, told, rounds=1), size)
    waiting = ReviewCase.objects.filter(booking__restaurant__slug__startswith="crowded")
    assert waiting.filter(closed_at__isnull=True).count() == 40 + 4
    assert waiting.filter(closed_at__isnull=False).count() == 40
    assert Allocation.objects.filter(restaurant__slug="crowded-large", active=True).count() == 4 * 8
    assert found["queue"].target == "<= 150"
    assert found["floor"].target == "<= 200"


def test_protection_counts_the_round_trips_to_redis(measured: str) -> None:
    found = run(protection.figures, protection.Size(bookings=4, locks=20))
    assert 2 <= found["Redis round trips of a booking, most"].value <= 4


def test_race_has_one_winner_for_each_slot_and_no_deadlock(measured: str) -> None:
    found = run(race.figures, race.Size(rounds=1, slots=5))
    assert found["attempts"].value == race.PROCESSES * 5
    assert found["slots with more or less than one winner"].value == found["deadlocks"].value == 0
    assert Allocation.objects.filter(restaurant__slug__startswith="race").count() == 2 * 5


def test_flags_are_killed_in_every_worker_of_the_cluster(measured: str, settings: Any) -> None:
    found = run(flags.figures, flags.Size(rounds=1, evaluations=1000, kills=1))
    assert found["kill to the last acknowledgement, slowest"].met
    assert f"{settings.QUEUE_WORKERS} workers" in found["kill to the last acknowledgement, slowest"].note


def test_a_throwaway_database_is_used_by_all_and_gone_afterwards(measured: str) -> None:
    with throwaway_database() as name:
        Guests("elsewhere", houses=1).take_in(1)
        assert current_database() == name != measured
        assert name in databases()
    assert current_database() == measured
    assert name not in databases()
    assert not Booking.objects.filter(restaurant__slug__startswith="elsewhere").exists()


def current_database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        return str(cursor.fetchone()[0])


def databases() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database")
        return [name for (name,) in cursor.fetchall()]


def test_bench_tells_that_pgbench_is_missing_before_it_does_anything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pgbench, "_candidates", lambda: iter(()))
    with pytest.raises(CommandError, match="pipeline: pgbench is not found; install"):
        call_command("bench", "pipeline", stdout=StringIO())


@pytest.mark.parametrize("form", ["--json", "--markdown"])
def test_bench_prints_its_figures_for_machines_and_for_the_docs(
    measured: str, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "config.management.commands.bench.BENCHMARKS",
        {"some": lambda progress: [Figure(name="a", value=11, unit="ms", at_most=10)]},
    )
    out = StringIO()
    call_command("bench", "all", form, stdout=out)
    if form == "--json":
        assert json.loads(out.getvalue())["some"][0]["met"] is False
    else:
        assert "PostgreSQL" in out.getvalue()
        assert "| some | a | 11 | ms | <= 10 | MISS |" in out.getvalue()

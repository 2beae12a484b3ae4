"""Rollups and the rest equal the raw rows at any moment: while events arrive, late or out of order, and
while the job that counts them is stopped anywhere, killed and started again."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections, transaction

from observability import events, rollups
from observability.events import Record
from observability.metrics.window import Window
from observability.rollups import fill
from tests.integration.observability.metrics import brute_force
from tests.integration.observability.metrics.day import DAY, made_up_day

WINDOW = Window(start=DAY + timedelta(hours=3, seconds=11), end=DAY + timedelta(hours=22, seconds=7))


def check(written: list[Record], when: str) -> None:
    told, expected = brute_force.figures(WINDOW), brute_force.recomputed(written, WINDOW)
    wrong = {name: (told[name], value) for name, value in expected.items() if told[name] != value}
    assert wrong == {}, when


def behind() -> int:
    return sum(feed.behind for feed in rollups.progress() if feed.feed == "events")


@pytest.mark.django_db
@pytest.mark.parametrize("seed", [1, 2])
def test_figures_are_right_after_every_batch_counted_or_not(seed: int) -> None:
    """Bookings arrive in any order of time: whole evenings late, and hours apart within a batch."""
    rng = random.Random(seed)
    stories = made_up_day(seed, bookings=60)
    rng.shuffle(stories)
    written: list[Record] = []
    for number in range(0, len(stories), 6):
        batch = [record for story in stories[number : number + 6] for record in story]
        events.record(batch)
        written += batch
        if rng.random() < 0.7:
            fill._advance(fill.FEEDS[0], rng.choice((1, 7, 40, 500)))
        check(written, f"after {len(written)} events, {behind()} of them not counted")
    while rollups.roll_up(batch=rng.choice((13, 101))):
        pass
    assert behind() == 0
    check(written, "all counted")


@pytest.mark.django_db
@pytest.mark.parametrize("statement", range(3))
def test_a_fill_that_fails_anywhere_leaves_what_was_there_before(
    statement: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = [record for story in made_up_day(3, bookings=30) for record in story]
    events.record(written)
    fill._advance(fill.FEEDS[0], 100)
    before = behind()
    feed = fill.FEEDS[0]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM observability_rollups")
        rows = cursor.fetchone()

    def fail(sql: str, parameters: Any, real: Any = fill._execute) -> None:
        real(sql, parameters)
        if sql == feed.statements[statement]:
            raise KeyboardInterrupt

    monkeypatch.setattr(fill, "_execute", fail)
    with pytest.raises(KeyboardInterrupt), transaction.atomic():
        fill._advance(feed, 100)
    monkeypatch.undo()
    assert behind() == before
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM observability_rollups")
        assert cursor.fetchone() == rows
    check(written, "after the failure")
    rollups.roll_up()
    assert behind() == 0
    check(written, "after the next call")


@pytest.fixture
def elsewhere() -> Iterator[ThreadPoolExecutor]:
    """One further session of the database."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        yield pool
        pool.submit(connections.close_all).result()


def test_an_event_committed_after_others_with_higher_ids_is_not_forgotten(
    committed_db: None, elsewhere: ThreadPoolExecutor
) -> None:
    early, late = ([record for story in half for record in story] for half in _halves(5))
    written, go_on = threading.Event(), threading.Event()

    def slow_writer() -> None:
        with transaction.atomic():
            events.record(early)
            written.set()
            assert go_on.wait(20)

    writer = elsewhere.submit(slow_writer)
    assert written.wait(20)
    events.record(late)  # higher ids, committed first
    assert fill._advance(fill.FEEDS[0], 1000) == 0, "counted while a writer may still add lower ids"
    check(late, "while the first writer is still at it")
    go_on.set()
    writer.result(timeout=20)
    check([*late, *early], "after the first writer's commit, before it is counted")
    rollups.roll_up()
    assert behind() == 0
    check([*late, *early], "all counted")


def test_long_transactions_that_write_no_events_hold_nothing_up(
    committed_db: None, elsewhere: ThreadPoolExecutor
) -> None:
    began, go_on = threading.Event(), threading.Event()

    def report() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("SELECT count(*) FROM observability_events")
            began.set()
            assert go_on.wait(20)

    reader = elsewhere.submit(report)
    assert began.wait(20)
    events.record([record for story in made_up_day(6, bookings=3) for record in story])
    rollups.roll_up()
    assert behind() == 0
    go_on.set()
    reader.result(timeout=20)


def test_one_process_counts_and_the_others_leave_at_once(
    committed_db: None, elsewhere: ThreadPoolExecutor
) -> None:
    events.record([record for story in made_up_day(6, bookings=3) for record in story])
    with transaction.atomic():
        assert fill._claim(fill.FEEDS[0]) is not None
        assert elsewhere.submit(fill._advance, fill.FEEDS[0], 1000).result(timeout=20) == 0
    assert fill._advance(fill.FEEDS[0], 1000) > 0


COUNTING = """
import django
django.setup()
from django.conf import settings
from django.db import connections
connections["default"].settings_dict["NAME"] = "{name}"
from observability import rollups
print("counting", flush=True)
while True:
    rollups.roll_up(batch=25)
"""


def test_figures_are_right_while_events_arrive_and_the_counting_process_is_killed(committed_db: None) -> None:
    rng = random.Random(11)
    written: list[Record] = []
    stories = made_up_day(11, bookings=90)
    for round_ in range(3):
        counting = subprocess.Popen(
            [sys.executable, "-c", COUNTING.format(name=connection.settings_dict["NAME"])],
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert counting.stdout is not None
            assert counting.stdout.readline() == "counting\n"
            for story in stories[round_ * 30 : round_ * 30 + 30]:
                events.record(story)
                written += story
                if rng.random() < 0.15:
                    check(written, f"{behind()} events behind")
        finally:
            os.kill(counting.pid, signal.SIGKILL)
            counting.wait(20)
    check(written, "after the last kill")
    deadline = time.monotonic() + 20
    while behind() and time.monotonic() < deadline:
        rollups.roll_up()
    assert behind() == 0
    check(written, "all counted")


def _halves(seed: int) -> tuple[list[list[Record]], list[list[Record]]]:
    stories = made_up_day(seed, bookings=20)
    return stories[:10], stories[10:]

"""Readers that race a write, in processes of their own: none keeps the old value."""

import multiprocessing
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction

from assignments import flags
from assignments.flags import services, store
from assignments.flags.cache import Cache
from assignments.flags.changes import Change
from assignments.flags.snapshot import Snapshot
from assignments.models import FlagChange, FlagState
from tests.factories import RestaurantFactory
from tests.integration.assignments.flags.changes import CAUSE
from tests.integration.assignments.flags.processes import moment_of, polling
from tests.processes import in_parallel, until_it_waits_for_a_lock

pytestmark = pytest.mark.usefixtures("committed_db")

CHANGES = 40


def race(role: str, has_read: Any, has_written: Any) -> tuple[int, bool]:
    """The reader reads before the write and tries to keep it after; the writer writes in between."""
    if role == "writer":
        assert has_read.wait(20)
        version = services.kill(**CAUSE).version
        has_written.set()
        return version, True
    slow_reader_goes_on = threading.Event()
    waits = threading.Event()

    def read() -> Snapshot:
        found = store.read()
        if threading.current_thread().name == "slow":
            waits.set()
            assert slow_reader_goes_on.wait(20)
        return found

    cache = Cache(read=read)
    slow = threading.Thread(target=cache.current, name="slow")
    slow.start()
    assert waits.wait(20)
    has_read.set()
    assert has_written.wait(20)
    assert cache.current().killed
    slow_reader_goes_on.set()
    slow.join(20)
    held = cache.held
    assert held is not None
    return held.version, held.killed


def test_an_old_answer_that_arrives_late_does_not_replace_the_new_one() -> None:
    context = multiprocessing.get_context("fork")
    events = context.Event(), context.Event()
    reader, writer = in_parallel(race, [("reader", *events), ("writer", *events)])
    assert reader == writer == (1, True)


def read_while_written(barrier: Any, finished: Any, seed: int) -> list[int]:
    """Versions as several threads saw them; ends with what is held a second after the last write."""
    seen: list[list[int]] = []
    stop = threading.Event()

    def look(number: int) -> None:
        rng = random.Random(seed + number)
        versions = seen[number]
        while not stop.is_set():
            versions.append(flags.current().version)
            time.sleep(rng.random() / 500)

    with polling():
        barrier.wait(30)
        threads = [threading.Thread(target=look, args=(number,)) for number in range(3)]
        seen.extend([] for _ in threads)
        for thread in threads:
            thread.start()
        assert finished.wait(60)
        time.sleep(1)
        stop.set()
        for thread in threads:
            thread.join()
        for versions in seen:
            assert versions == sorted(versions), "a version went back"
        return sorted({version for versions in seen for version in versions})


def write_often(barrier: Any, finished: Any, seed: int) -> list[int]:
    rng = random.Random(seed)
    barrier.wait(30)
    for turn in range(CHANGES):
        (services.revive if turn % 2 else services.kill)(**CAUSE)
        time.sleep(rng.random() / 50)
    finished.set()
    return [CHANGES]


def test_readers_follow_a_writer_without_going_back_and_end_at_the_last_version() -> None:
    context = multiprocessing.get_context("fork")
    barrier, finished = context.Barrier(3), context.Event()

    seen = in_parallel(
        act, [("read", barrier, finished, 1), ("read", barrier, finished, 2), ("write", barrier, finished, 3)]
    )
    for versions in seen:
        assert versions[-1] == CHANGES
    assert len(seen[0]) > CHANGES / 4, "hints bring most versions, not only the last"


def act(role: str, *arguments: Any) -> list[int]:
    return (read_while_written if role == "read" else write_often)(*arguments)


def write_ten(number: int) -> list[int]:
    return [
        (services.set_max_parallel(limit=1 + (number + turn) % 10, **CAUSE)).version for turn in range(10)
    ]


def test_writers_follow_one_another_and_no_version_is_lost() -> None:
    in_parallel(write_ten, [(number,) for number in range(4)])
    changes = list(FlagChange.objects.values_list("version", "from_value", "to_value"))
    assert [version for version, _, _ in changes] == list(range(1, len(changes) + 1))
    values = [3, *(to for _, _, to in changes)]
    assert [before for _, before, _ in changes] == values[:-1], "each starts where the one before ended"
    moment_of(lambda: flags.current().max_parallel(1) == values[-1], within=2)


def test_a_cohort_made_while_a_change_waited_is_seen_by_it() -> None:
    """Whoever locks first and sets later, as each page does, may make it between."""
    RestaurantFactory.create_batch(3)
    services.set_cohort(percentage=10, **CAUSE)

    def off() -> Change:
        try:
            return services.set_cohort(percentage=0, **CAUSE)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=1) as pool:
        with transaction.atomic():
            services.lock()
            other = pool.submit(off)
            until_it_waits_for_a_lock(other)
            services.set_cohort(percentage=100, **CAUSE)
        assert other.result(20) == Change(version=3, changed=True)
    assert FlagState.objects.get().cohort is None
    assert (FlagChange.objects.get(version=3).from_value or {})["percentage"] == "100.00"

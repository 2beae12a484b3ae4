"""What a process holds is never replaced by something older."""

import dataclasses
import time
from datetime import UTC, datetime

import pytest

from assignments.engine.flags import FlagSet, Mode, Rule, Source
from assignments.flags.cache import TTL_SECONDS, Cache
from assignments.flags.snapshot import (
    HEARTBEAT_SECONDS,
    LIVE_SECONDS,
    MAX_AGE_SECONDS,
    Snapshot,
    unknown_snapshot,
)
from assignments.flags.store import Version

V3_ON = FlagSet(v3=Rule(everyone=True))


def snapshot(version: int, *, asked: float | None = None, year: int = 2027) -> Snapshot:
    """As read from the database; `asked` is seconds ago."""
    return Snapshot(
        version=version,
        changed_at=datetime(year, 1, 1, tzinfo=UTC),
        flags=V3_ON,
        cohort="all",
        confirmed=time.monotonic() - (asked or 0.0),
        confirmed_at=datetime(2027, 3, 5, tzinfo=UTC),
    )


def never() -> Snapshot:
    raise AssertionError("nothing is to be read here")


@pytest.fixture
def cache() -> Cache:
    return Cache(read=never)


def test_an_answer_asked_for_before_a_newer_one_came_is_dropped(cache: Cache) -> None:
    slow = snapshot(1)
    assert cache.offer(snapshot(2))
    assert not cache.offer(slow)
    assert cache.held is not None
    assert cache.held.version == 2


def test_a_newer_version_is_taken_whenever_it_was_asked_for(cache: Cache) -> None:
    newer = snapshot(2, asked=1)
    assert cache.offer(snapshot(1))
    assert cache.offer(newer)


def test_a_lower_version_asked_for_later_is_a_restored_database(cache: Cache) -> None:
    assert cache.offer(snapshot(7))
    assert cache.offer(snapshot(3))
    assert cache.held is not None
    assert cache.held.version == 3


def test_of_one_version_the_fresher_answer_is_kept(cache: Cache) -> None:
    fresh, old = snapshot(1), snapshot(1, asked=3)
    cache.offer(fresh)
    assert not cache.offer(old)
    assert cache.held is fresh


def test_a_confirmed_version_is_young_again_and_another_one_is_not_confirmed(cache: Cache) -> None:
    held = snapshot(4, asked=5)
    cache.offer(held)
    now = Version(
        version=4,
        changed_at=held.changed_at,
        confirmed=time.monotonic(),
        confirmed_at=datetime(2027, 3, 5, 1, tzinfo=UTC),
    )
    for other in (now._replace(version=5), now._replace(changed_at=datetime(2020, 1, 1, tzinfo=UTC))):
        assert not cache.confirm(other)
        assert cache.held is held
    assert cache.confirm(now)
    assert cache.held is not None
    assert cache.held.age < 1
    assert cache.held.flags is held.flags


def test_with_a_poller_nothing_is_read_and_without_one_a_moment_later() -> None:
    answers = iter([snapshot(1), snapshot(2)])
    cache = Cache(read=lambda: next(answers))
    assert cache.current().version == 1
    assert cache.current().version == 1
    aged = dataclasses.replace(cache.current(), confirmed=time.monotonic() - TTL_SECONDS)
    cache.forget()
    cache.offer(aged)
    cache.polled()
    assert cache.current() is aged
    cache.forget()
    cache.offer(aged)
    assert cache.current().version == 2


def test_after_a_write_of_its_own_a_process_reads_anew() -> None:
    answers = iter([snapshot(1), snapshot(2)])
    cache = Cache(read=lambda: next(answers))
    slow = snapshot(1)
    cache.current()
    cache.distrust()
    cache.offer(slow)
    assert cache.current().version == 2


def test_a_poller_in_the_process_is_not_asked_to_read_after_a_write(cache: Cache) -> None:
    cache.offer(snapshot(1))
    cache.polled()
    cache.distrust()
    assert cache.current().version == 1


def test_values_nobody_confirms_are_used_for_a_while_and_then_no_longer() -> None:
    young, old = snapshot(1, asked=MAX_AGE_SECONDS - 1), snapshot(1, asked=MAX_AGE_SECONDS + 0.1)
    assert (young.stale, young.killed, young.mode(1, 1)) == (False, False, Mode.ACTIVE)
    assert (old.stale, old.killed, old.mode(1, 1)) == (True, True, Mode.DISABLED)
    assert old.explain(1, 1).v3_source is Source.UNKNOWN
    assert old.age > MAX_AGE_SECONDS


def test_a_worker_is_on_legacy_by_itself_before_nobody_waits_for_it() -> None:
    assert MAX_AGE_SECONDS + HEARTBEAT_SECONDS <= LIVE_SECONDS


def test_who_never_reached_the_database_runs_legacy() -> None:
    assert unknown_snapshot().stale
    assert unknown_snapshot().mode(1, 1) is Mode.DISABLED

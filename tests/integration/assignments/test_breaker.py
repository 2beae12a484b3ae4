"""The circuit breaker, on the real Redis-compatible server and without it."""

import multiprocessing
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import caches
from django_redis import get_redis_connection

from assignments.protection import breaker
from assignments.protection.breaker import (
    COOLDOWN,
    PROBE_LEASE,
    THRESHOLD,
    Answer,
    Breaker,
    LocalCircuit,
    Verdict,
)
from assignments.protection.redis_access import end_pause
from tests.processes import in_parallel


def circuit_key() -> str:
    return str(caches["default"].make_key("breaker:assignment"))


def let_cooldown_pass() -> None:
    """Redis keeps the time: move the end of the cool-down into the past instead of waiting for it."""
    get_redis_connection().hset(circuit_key(), "until", 0)


@pytest.fixture(autouse=True)
def closed_circuit() -> Iterator[None]:
    client, key = get_redis_connection(), circuit_key()
    client.delete(key)
    yield
    client.delete(key)
    end_pause()


def fail(times: int) -> list[Verdict]:
    verdicts = []
    for _ in range(times):
        run = Breaker()
        run.admit()
        verdicts.append(run.report(success=False).verdict)
    return verdicts


def test_it_opens_at_the_fifth_failure_in_a_row() -> None:
    assert fail(THRESHOLD) == [Verdict.CLOSED] * (THRESHOLD - 1) + [Verdict.OPENED]
    refused = Breaker().admit()
    assert refused.verdict is Verdict.OPEN
    assert timedelta(seconds=14) < refused.delay <= COOLDOWN


def test_a_success_between_failures_starts_the_count_again() -> None:
    fail(THRESHOLD - 1)
    Breaker().report(success=True)
    assert fail(THRESHOLD - 1) == [Verdict.CLOSED] * (THRESHOLD - 1)


def test_a_success_after_an_admission_that_told_of_failures_starts_the_count_again() -> None:
    fail(THRESHOLD - 1)
    run = Breaker()
    admission = run.admit()
    assert admission.failures == THRESHOLD - 1
    run.report(success=True, admission=admission)
    assert fail(THRESHOLD - 1) == [Verdict.CLOSED] * (THRESHOLD - 1)


def test_a_success_that_began_before_the_failures_does_not_clear_them() -> None:
    early = Breaker()
    admission = early.admit()
    fail(THRESHOLD - 1)
    assert early.report(success=True, admission=admission).verdict is Verdict.CLOSED
    assert fail(1) == [Verdict.OPENED]


def test_the_success_of_a_probe_counts() -> None:
    fail(THRESHOLD)
    let_cooldown_pass()
    probe = Breaker()
    admission = probe.admit()
    assert probe.report(success=True, admission=admission).verdict is Verdict.HALF_OPEN


def test_two_probes_one_after_the_other_close_it_and_tell_how_long_it_was_open() -> None:
    fail(THRESHOLD)
    let_cooldown_pass()
    first = Breaker()
    assert first.admit().verdict is Verdict.PROBE
    assert Breaker().admit().verdict is Verdict.OPEN, "one probe at a time"
    assert first.report(success=True).verdict is Verdict.HALF_OPEN
    second = Breaker()
    assert second.admit().verdict is Verdict.PROBE
    closed = second.report(success=True)
    assert closed.verdict is Verdict.RECLOSED
    assert closed.open_for >= timedelta(0)
    assert Breaker().admit().verdict is Verdict.CLOSED


def test_a_probe_that_fails_opens_it_again() -> None:
    fail(THRESHOLD)
    let_cooldown_pass()
    probe = Breaker()
    probe.admit()
    assert probe.report(success=False).verdict is Verdict.OPENED
    assert Breaker().admit().verdict is Verdict.OPEN


def test_a_run_from_before_it_opened_neither_closes_nor_reopens_it() -> None:
    early = Breaker()
    early.admit()
    fail(THRESHOLD)
    assert early.report(success=True).verdict is Verdict.IGNORED
    assert Breaker().admit().verdict is Verdict.OPEN


def test_a_probe_lost_with_its_worker_gives_way_to_another_when_its_lease_is_over() -> None:
    fail(THRESHOLD)
    let_cooldown_pass()
    Breaker().admit()
    let_cooldown_pass()
    assert Breaker().admit().verdict is Verdict.PROBE


def test_an_open_circuit_is_never_asked_again_sooner_than_after_a_second() -> None:
    fail(THRESHOLD)
    get_redis_connection().hset(circuit_key(), "until", 2**53)
    assert Breaker().admit().delay >= timedelta(seconds=1)


@pytest.mark.parametrize("longest", [COOLDOWN, PROBE_LEASE])
def test_a_server_clock_that_steps_back_does_not_keep_it_open_for_as_long(longest: timedelta) -> None:
    """The end of the cool-down, or of the probe's lease, then lies an hour ahead; so does when it opened."""
    fail(THRESHOLD)
    if longest == PROBE_LEASE:
        let_cooldown_pass()
        Breaker().admit()
    client, key = get_redis_connection(), circuit_key()
    for field in ("until", "since"):
        client.hincrby(key, field, 3_600_000)

    refused = Breaker().admit()

    assert refused.verdict is Verdict.OPEN
    assert refused.delay == longest
    assert refused.open_for == timedelta(0)
    assert int(client.hget(key, "until")) / 1000 - client.time()[0] < longest.total_seconds() + 1


def admit_together(barrier: Any) -> str:
    barrier.wait(20)
    return Breaker().admit().verdict.value


def test_exactly_one_of_eight_processes_may_probe() -> None:
    fail(THRESHOLD)
    let_cooldown_pass()
    barrier = multiprocessing.get_context("fork").Barrier(8)
    verdicts = in_parallel(admit_together, [(barrier,)] * 8)
    assert sorted(verdicts) == ["open"] * 7 + ["probe"]


def test_a_flushed_redis_means_a_closed_circuit() -> None:
    fail(THRESHOLD)
    get_redis_connection().delete(circuit_key())
    assert Breaker().admit().verdict is Verdict.CLOSED


def test_without_redis_each_process_keeps_its_own(settings: Any) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
            "OPTIONS": {"SOCKET_CONNECT_TIMEOUT": 1},
        }
    }
    settings.DJANGO_REDIS_CONNECTION_FACTORY = "django_redis.pool.ConnectionFactory"
    breaker._local.__init__()  # type: ignore[misc]
    try:
        assert fail(THRESHOLD)[-1] is Verdict.OPENED
        assert Breaker().admit().verdict is Verdict.OPEN
    finally:
        breaker._local.__init__()  # type: ignore[misc]


class TestLocalCircuit:
    """The circuit of one process goes the way of the shared one."""

    @pytest.fixture
    def time(self) -> list[float]:
        return [0.0]

    @pytest.fixture
    def ask(self, time: list[float]) -> Callable[[str, str], Answer]:
        return LocalCircuit(clock=lambda: time[0]).ask

    def test_it_opens_cools_down_probes_once_and_closes(
        self, ask: Callable[[str, str], Answer], time: list[float]
    ) -> None:
        assert [ask("failure", "x").verdict for _ in range(5)][-1] is Verdict.OPENED
        time[0] = 14.9
        assert ask("admit", "a").verdict is Verdict.OPEN
        time[0] = 15.0
        assert ask("admit", "a").verdict is Verdict.PROBE
        assert ask("admit", "b").verdict is Verdict.OPEN
        assert ask("success", "b").verdict is Verdict.IGNORED
        assert ask("success", "a").verdict is Verdict.HALF_OPEN
        assert ask("admit", "c").verdict is Verdict.PROBE
        time[0] = 20.0
        closed = ask("success", "c")
        assert (closed.verdict, closed.open_for) == (Verdict.RECLOSED, timedelta(seconds=20))
        assert ask("admit", "d").verdict is Verdict.CLOSED

    def test_a_failed_probe_opens_it_again_and_the_time_open_goes_on(
        self, ask: Callable[[str, str], Answer], time: list[float]
    ) -> None:
        for _ in range(5):
            ask("failure", "x")
        time[0] = 15.0
        ask("admit", "a")
        reopened = ask("failure", "a")
        assert (reopened.verdict, reopened.open_for) == (Verdict.OPENED, timedelta(seconds=15))
        assert ask("admit", "b").verdict is Verdict.OPEN

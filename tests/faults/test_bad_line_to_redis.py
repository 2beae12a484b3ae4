"""Fault 12: the line to Redis is slow, cut, or silent."""

import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import caches
from django_redis import get_redis_connection

from assignments.coordinator import Confirmed, process_booking
from assignments.protection.breaker import THRESHOLD, Breaker, Verdict
from assignments.protection.redis_access import end_pause
from tests.factories import dinner, receive, serving_restaurant
from tests.processes import in_parallel
from tests.tcp_proxy import Line, TcpProxy, redis_through_proxy

BAD = [Line.SLOW, Line.RESET, Line.SILENT]

#: Two seconds of pause follow a time-out of half a second, so a booking waits for one at most.
ONE_TIME_OUT = 0.5

PROCESSES = 6


@pytest.fixture
def proxy() -> Iterator[TcpProxy]:
    with redis_through_proxy() as running:
        yield running


@pytest.fixture
def open_circuit(proxy: TcpProxy) -> Iterator[None]:
    """A circuit that failures have opened and whose cool-down is over."""
    for _ in range(THRESHOLD):
        Breaker().report(success=False)
    let_lease_pass()
    yield
    proxy.line = Line.GOOD
    end_pause()
    get_redis_connection().delete(circuit_key())


def circuit_key() -> str:
    return str(caches["default"].make_key("breaker:assignment"))


def let_lease_pass() -> None:
    """Redis keeps the time: the end of a cool-down or of a probe's lease is moved into the past."""
    get_redis_connection().hset(circuit_key(), "until", 0)


@pytest.mark.parametrize("line", BAD)
def test_a_booking_over_a_bad_line_waits_for_one_time_out_and_is_placed(
    committed_db: None, proxy: TcpProxy, line: Line
) -> None:
    restaurant = serving_restaurant(2)
    first, *others = [receive(restaurant, start=dinner(day=day)) for day in range(4)]
    process_booking(booking_id=first.pk, trigger="test")  # over the good line, which connects
    proxy.line = line
    times = []
    for booking in others:
        began = time.monotonic()
        assert isinstance(process_booking(booking_id=booking.pk, trigger="test"), Confirmed)
        times.append(time.monotonic() - began)
    assert sum(times) < 2 * ONE_TIME_OUT + 2
    assert line is Line.RESET or max(times) > ONE_TIME_OUT, "the line was not bad"


def admit(barrier: Any) -> Verdict:
    barrier.wait(30)
    return Breaker().admit().verdict


def admitted() -> Counter[Verdict]:
    barrier = multiprocessing.get_context("fork").Barrier(PROCESSES)
    return Counter(in_parallel(admit, [(barrier,)] * PROCESSES))


@pytest.mark.usefixtures("open_circuit")
def test_over_a_slow_line_one_process_alone_may_probe(proxy: TcpProxy) -> None:
    proxy.line, proxy.delay = Line.SLOW, 0.1  # slow, yet in time
    assert admitted() == {Verdict.PROBE: 1, Verdict.OPEN: PROCESSES - 1}


@pytest.mark.usefixtures("open_circuit")
@pytest.mark.parametrize(("line", "probes_left"), [(Line.SLOW, 0), (Line.RESET, 1), (Line.SILENT, 1)])
def test_a_probe_whose_answer_is_lost_holds_up_the_next_for_its_lease_and_no_longer(
    proxy: TcpProxy, line: Line, probes_left: int
) -> None:
    """A slow line loses the answer only: Redis has noted the probe. The others lose the question."""
    proxy.line, proxy.delay = line, 0.4
    assert Breaker().admit().verdict is Verdict.CLOSED, "without an answer it goes by its own circuit"
    proxy.line = Line.GOOD
    end_pause()
    assert admitted()[Verdict.PROBE] == probes_left
    let_lease_pass()
    assert admitted() == {Verdict.PROBE: 1, Verdict.OPEN: PROCESSES - 1}

"""The kill switch: effective in every worker process within 2 s, and proven by their acknowledgements."""

import multiprocessing
import time
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from assignments import flags
from assignments.engine.flags import Mode
from assignments.flags import acknowledgements, services
from tests.factories import RestaurantFactory
from tests.integration.assignments.flags.changes import CAUSE
from tests.integration.assignments.flags.processes import moment_of, no_database, no_redis, polling
from tests.processes import in_parallel
from tests.tcp_proxy import Line, redis_through_proxy

pytestmark = pytest.mark.usefixtures("committed_db")

WORKERS = 4


def work(barrier: Any, over: Any, restaurant_id: int) -> tuple[str, float]:
    """A worker's name, and the moment its bookings went to legacy."""
    with polling() as poller:
        assert flags.current().mode(restaurant_id, 1) is Mode.ACTIVE
        barrier.wait(30)
        moment = moment_of(lambda: flags.current().mode(restaurant_id, 1) is Mode.DISABLED, within=10)
        assert over.wait(30)
        return poller.worker, moment


def kill(barrier: Any, over: Any, _: int) -> tuple[float, float, list[str], float]:
    """When the kill was given, when all had acknowledged it, who had, and the database's time to effect."""
    barrier.wait(30)
    began = time.monotonic()
    change = services.kill(**CAUSE)
    effect = acknowledgements.await_effect(version=change.version, timeout=timedelta(seconds=10))
    known = time.monotonic()
    over.set()
    assert effect.took is not None
    return began, known, sorted(worker.worker for worker in effect.acknowledged), effect.took.total_seconds()


def act(role: str, redis: bool, *arguments: Any) -> Any:
    with nullcontext() if redis else no_redis():
        return (work if role == "work" else kill)(*arguments)


@pytest.mark.parametrize("redis", [True, False], ids=["with hints", "without Redis"])
def test_a_kill_is_effective_and_acknowledged_by_all_workers_within_2_seconds(
    redis: bool,
) -> None:
    kill_before_workers(redis=redis)


@pytest.mark.parametrize("line", [Line.SLOW, Line.RESET, Line.SILENT])
def test_a_bad_line_to_redis_holds_up_no_kill(line: Line) -> None:
    with redis_through_proxy() as proxy:
        proxy.line = line
        kill_before_workers(redis=True)


def kill_before_workers(*, redis: bool) -> None:
    """Kill V3 while WORKERS processes poll; each must see it, and say so, within 2 s."""
    restaurant = RestaurantFactory()
    services.set_cohort(percentage=100, **CAUSE)
    context = multiprocessing.get_context("fork")
    barrier, over = context.Barrier(WORKERS + 1), context.Event()
    arguments = (redis, barrier, over, restaurant.pk)
    *workers, killer = in_parallel(act, [("work", *arguments)] * WORKERS + [("kill", *arguments)])
    began, known, acknowledged, took = killer
    assert acknowledged == sorted(name for name, _ in workers)
    moments = [moment for _, moment in workers]
    assert max(moments) - began < 2
    assert known - began < 2
    assert took < 2


def refused_kill(_: str) -> str:
    with no_database(), pytest.raises(CommandError) as refused:
        call_command("flags", "kill", "--reason", "a test")
    return str(refused.value)


def test_without_database_the_command_tells_what_holds_without_it() -> None:
    (told,) = in_parallel(refused_kill, [("",)])
    assert "the database does not answer" in told
    assert "FEATURE_ASSIGNMENT_PIPELINE_V3=false" in told

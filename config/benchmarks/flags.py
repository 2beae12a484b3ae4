"""What flags cost: one evaluation, and the time from the kill switch to the last worker's word.

The floor of an evaluation is the clock around a call that does nothing; of a kill, its own commit. Both
are measured in turn with what they are the floor of.
"""

import time
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from django.utils import timezone

from assignments import flags
from assignments.benchmarks.figures import Figure, Progress
from assignments.flags import acknowledgements, services, timing
from assignments.flags.poller import Poller
from config.benchmarks.cluster import measured_cluster
from config.benchmarks.percentiles import percentile
from config.benchmarks.throwaway import AUTHOR, WHY, throwaway_database

P99_US = 10.0
EFFECT_SECONDS = 2.0

#: How long acknowledgements are waited for before the benchmark goes on without them.
PATIENCE = timedelta(seconds=20)


@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """Rounds of evaluations with so many each, and kills given to a running cluster."""

    rounds: int = 5
    evaluations: int = 100_000
    kills: int = 10


def measure(progress: Progress) -> list[Figure]:
    with throwaway_database():
        return figures(Size(), progress)


def figures(size: Size, progress: Progress) -> list[Figure]:
    """Microseconds of an evaluation, seconds from kill to the last acknowledgement."""
    # In this order: while this process polls, it is one of those whose word a kill waits for.
    kills = _kills(size, progress)
    return [*_evaluations(size, progress), *kills]


def _evaluations(size: Size, progress: Progress) -> list[Figure]:
    progress(f"{size.rounds * size.evaluations} evaluations of flags")
    poller = Poller()
    poller.start()
    try:
        rounds = [
            (timing.measure(flags.current, evaluations=size.evaluations), _clock_p99(size.evaluations))
            for _ in range(size.rounds)
        ]
    finally:
        poller.end()
        flags.forget()
    return [
        Figure(
            name="evaluation on a snapshot",
            value=median(found.p99_us for found, _ in rounds),
            unit="us p99",
            at_most=P99_US,
            note=f"p50 {median(found.p50_us for found, _ in rounds):.2f}",
        ),
        Figure(name="clock around nothing", value=median(clock for _, clock in rounds), unit="us p99"),
    ]


def _clock_p99(number: int) -> float:
    times = []
    for _ in range(number):
        began = time.perf_counter_ns()
        _nothing()
        times.append(time.perf_counter_ns() - began)
    return percentile(times, 0.99) / 1000


def _nothing() -> None:
    """What an evaluation would be if it cost nothing but the call."""


def _kills(size: Size, progress: Progress) -> list[Figure]:
    effects: list[float] = []
    floor: list[float] = []
    with measured_cluster() as workers:
        for number in range(size.kills):
            progress(f"kill {number + 1} of {size.kills}")
            began = time.perf_counter()
            change = services.kill(reason=WHY, by=AUTHOR, now=timezone.now())
            floor.append(time.perf_counter() - began)
            effects.append(_seconds_to_effect(change.version, workers))
            _await(services.revive(reason=WHY, by=AUTHOR, now=timezone.now()).version)
    return [
        Figure(
            name="kill to the last acknowledgement, slowest",
            value=max(effects),
            unit="s",
            at_most=EFFECT_SECONDS,
            note=f"{size.kills} kills, {workers} workers, p50 {percentile(effects, 0.5):.3f}",
        ),
        Figure(name="commit of the kill, slowest", value=max(floor), unit="s"),
    ]


def _seconds_to_effect(version: int, workers: int) -> float:
    """By the database's clock; infinite if not every worker has answered in time."""
    effect = _await(version)
    told = effect.took is not None and len(effect.acknowledged) == workers
    return effect.took.total_seconds() if effect.took is not None and told else float("inf")


def _await(version: int) -> acknowledgements.Effect:
    return acknowledgements.await_effect(version=version, timeout=PATIENCE)

"""How long an evaluation takes: one reading of the process's snapshot and one mode."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from assignments.flags.snapshot import Snapshot


@dataclass(frozen=True, kw_only=True, slots=True)
class Timing:
    """Percentiles of single evaluations in microseconds, over so many. The clock's own cost is included."""

    evaluations: int
    p50_us: float
    p99_us: float
    max_us: float


def measure(current: Callable[[], Snapshot], *, restaurants: int = 100, evaluations: int = 100_000) -> Timing:
    """Evaluate for `restaurants` restaurants in turn, each time for another booking."""
    times = [0] * evaluations
    for number in range(evaluations):
        began = time.perf_counter_ns()
        current().mode(number % restaurants + 1, number)
        times[number] = time.perf_counter_ns() - began
    times.sort()
    return Timing(
        evaluations=evaluations,
        p50_us=times[evaluations // 2] / 1000,
        p99_us=times[evaluations * 99 // 100] / 1000,
        max_us=times[-1] / 1000,
    )

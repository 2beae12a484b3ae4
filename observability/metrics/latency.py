"""How long things took. Pages read distributions in bins (off by at most 2 %), gates the rows."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import accumulate
from typing import Any

from observability.metrics.series import SQL, Labels, distributions, span_of
from observability.metrics.sources import OUTCOMES
from observability.metrics.window import Window
from observability.named_sql import ask, ask_one

#: Ratio of the ends of a bin, as in the database's function `log_bin`, and the bin that holds zero.
RATIO = 1.04
ZERO = -1_000


class Timing(StrEnum):
    """What is timed, in milliseconds except where it says otherwise; the values name series."""

    RUN = "latency"
    """The coordinator's deciding run, from after its lock to its commit."""
    LOCK_WAIT = "lock_wait"
    """Until the lock of the booking was had."""
    OUTCOME = "outcome_time"
    """From the booking's receipt to its outcome, waiting and retries included, on either path."""
    LEGACY_RUN = "legacy_latency"
    """The legacy planner's deciding run."""
    SHADOW_RUN = "shadow_latency"
    """V3's planning in a shadow run."""
    REVIEW = "review_time"
    """From the entry into manual review to the way out, in seconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Percentiles:
    """Nearest-rank percentiles of what was timed, in its unit; None where nothing was."""

    count: int
    p50: float | None
    p95: float | None
    p99: float | None
    mean: float | None
    longest: float | None


NOTHING = Percentiles(count=0, p50=None, p95=None, p99=None, mean=None, longest=None)


def percentiles(window: Window, timing: Timing) -> Percentiles:
    """Percentiles of a window; percentiles off by at most 2 %, the rest exact."""
    return percentiles_of(window, timing)[timing]


def percentiles_of(window: Window, *timings: Timing) -> dict[Timing, Percentiles]:
    """The same of several timings, in one statement."""
    rows = distributions(window, [timing.value for timing in timings], step=None)
    return dict.fromkeys(timings, NOTHING) | {Timing(row.series): _of_row(row) for row in rows}


def percentiles_by_step(
    window: Window, *timings: Timing, step: timedelta
) -> dict[Timing, dict[datetime, Percentiles]]:
    """The same for each step in which anything was timed, by its start."""
    found: dict[Timing, dict[datetime, Percentiles]] = {timing: {} for timing in timings}
    for row in distributions(window, [timing.value for timing in timings], step=step):
        found[Timing(row.series)][row.step] = _of_row(row)
    return found


def exact(window: Window, timing: Timing) -> Percentiles:
    """The same from every single row: what a gate is decided by. Slower, the more rows there are.

    Raises ValueError for reviews, whose time no single row tells.
    """
    if timing is Timing.REVIEW:
        raise ValueError("the time in review is read in bins only; use percentiles()")
    statement = SQL[f"exact_{timing.value}"].replace("{new_outcomes}", OUTCOMES.new)
    row = ask_one(statement, span_of(window))
    if not row.count:
        return NOTHING
    return Percentiles(
        count=row.count, p50=row.p50, p95=row.p95, p99=row.p99, mean=row.mean, longest=row.longest
    )


_EVENTS = {
    Timing.RUN: ["coordinator.confirmed", "coordinator.manual_review"],
    Timing.LOCK_WAIT: ["coordinator.lock_acquired"],
}


def each(window: Window, timing: Timing) -> Mapping[int, list[float]]:
    """Every single time by restaurant, as gates count. Raises KeyError for what has no rows of its own."""
    rows = ask(SQL["each_time"], {"types": _EVENTS[timing], "start": window.start, "end": window.end})
    return {row.restaurant_id: row.times for row in rows}


def of_bins(labels: Labels) -> Percentiles:
    """Percentiles of a distribution whose labels are bins, for those who read it along with other series."""
    found = sorted((int(label), measure) for label, measure in labels.items())
    return _of(
        [number for number, _ in found],
        [measure.count for _, measure in found],
        total=sum(measure.total for _, measure in found),
        longest=max((m.peak for _, m in found if m.peak is not None), default=None),
    )


def _of_row(row: Any) -> Percentiles:
    return _of(row.bins, row.counts, total=row.total, longest=row.peak)


def _of(bins: Sequence[int], counts: Sequence[int], *, total: float, longest: float | None) -> Percentiles:
    """Percentiles of bins in order: of each the middle of the bin that holds the value of its rank."""
    seen = list(accumulate(counts))
    if not seen or not seen[-1]:
        return NOTHING
    count = seen[-1]
    p50, p95, p99 = (_middle(bins[bisect_left(seen, -(-count * share // 100))]) for share in (50, 95, 99))
    return Percentiles(count=count, p50=p50, p95=p95, p99=p99, mean=total / count, longest=longest)


def _middle(number: int) -> float:
    return 0.0 if number == ZERO else float(RATIO ** (number + 0.5))

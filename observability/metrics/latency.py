"""How long things took. Pages read distributions in bins (off by at most 2 %), gates the rows."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from observability.metrics.series import SQL, Labels, read, read_steps, span_of
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
    return of_bins(read(window, timing.value)[timing.value])


def percentiles_by_step(window: Window, timing: Timing, *, step: timedelta) -> dict[datetime, Percentiles]:
    """The same for each step in which anything was timed, by its start."""
    steps = read_steps(window, timing.value, step=step)
    return {at: of_bins(series[timing.value]) for at, series in steps.items()}


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
    """Percentiles of a distribution whose labels are bins."""
    count = sum(measure.count for measure in labels.values())
    if not count:
        return NOTHING
    bins = {int(label): measure.count for label, measure in labels.items()}
    return Percentiles(
        count=count,
        p50=_percentile(bins, count, 0.50),
        p95=_percentile(bins, count, 0.95),
        p99=_percentile(bins, count, 0.99),
        mean=sum(measure.total for measure in labels.values()) / count,
        longest=max((m.peak for m in labels.values() if m.peak is not None), default=None),
    )


def _percentile(bins: Mapping[int, int], count: int, share: float) -> float:
    """The middle of the bin that holds the value of this rank."""
    rank, seen = math.ceil(share * count), 0
    for number in sorted(bins):
        seen += bins[number]
        if seen >= rank:
            break
    return 0.0 if number == ZERO else RATIO ** (number + 0.5)

"""How long statements and the intake took, and how full the database's connections were."""

from collections.abc import Mapping

from observability.metrics.latency import RATIO, ZERO, Percentiles, of_bins
from observability.metrics.rates import Rate
from observability.metrics.series import SQL, Measure
from observability.metrics.window import Window
from observability.models import Timed
from observability.named_sql import ask


def timed(window: Window, kind: Timed) -> Percentiles:
    """Percentiles over the whole minutes that begin in the window, off by at most 2 %; no mean."""
    return of_bins({str(number): Measure(count=count) for number, count in _bins(window, kind).items()})


def below(window: Window, kind: Timed, limit: float) -> Rate:
    """How many surely were below a limit, of all: a bin that holds the limit counts as above it."""
    bins = _bins(window, kind)
    return Rate(
        numerator=sum(count for number, count in bins.items() if _end(number) <= limit),
        denominator=sum(bins.values()),
    )


def highest(window: Window, kind: Timed) -> float | None:
    """The end of the highest bin in which anything fell, at most 4 % above the highest value."""
    bins = _bins(window, kind)
    return _end(max(bins)) if bins else None


def _bins(window: Window, kind: Timed) -> Mapping[int, int]:
    rows = ask(SQL["timings"], {"kind": kind.value, "start": window.start, "end": window.end})
    return {row.bin: row.count for row in rows}


def _end(number: int) -> float:
    return 0.01 if number == ZERO else float(RATIO ** (number + 1))

"""Reads series: counts, sums and peaks by label over a window, or step by step through it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from observability.metrics import sources
from observability.metrics.window import (
    DAY,
    EPOCH,
    MINUTE,
    WIDTHS,
    WIDTHS_OF_ONE,
    Piece,
    Window,
    floor,
    pieces,
)
from observability.named_sql import Folder, ask

SQL = Folder(__file__)

#: Stands for all restaurants together in the rollups.
ALL = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Measure:
    """How often something happened, and sum and maximum of the values that were measured with it."""

    count: int
    total: float = 0.0
    peak: float | None = None

    @property
    def mean(self) -> float | None:
        return self.total / self.count if self.count else None

    def plus(self, other: "Measure") -> "Measure":
        peaks = [peak for peak in (self.peak, other.peak) if peak is not None]
        return Measure(
            count=self.count + other.count, total=self.total + other.total, peak=max(peaks, default=None)
        )


#: Measures by label, and those by series.
Labels = Mapping[str, Measure]
Series = Mapping[str, Labels]


def read(window: Window, *series: str) -> Series:
    """Each series of the window by label; one statement, one moment for all of them."""
    found = list(_read(window, series, step=None).values())
    return found[0] if found else {name: {} for name in series}


def read_all(*series: str, now: datetime) -> Series:
    """Each series since the beginning, by label.

    No figure ever falls, whatever retention drops, because rollups stay.
    """
    window = Window(start=EPOCH, end=floor(now, DAY) + 2 * timedelta(seconds=DAY))
    statement = SQL["totals"].replace("{rows}", sources.rows_of(series, of_one=False))
    found: dict[str, dict[str, Measure]] = {name: {} for name in series}
    for row in ask(statement, {"series": list(series), "width": DAY, **parameters_of(window)}):
        found[row.series][row.label] = Measure(count=row.count, total=row.total, peak=row.peak)
    return found


def read_steps(window: Window, *series: str, step: timedelta) -> Mapping[datetime, Series]:
    """The same for each step of the window in which anything happened, by its start, in order.

    Steps are counted from the epoch, so that they stay where they are while a window moves on.
    Raises ValueError for a step that is not whole minutes.
    """
    return _read(window, series, step=step)


def merged(steps: Iterable[Series], *series: str) -> Series:
    """Steps put together: what `read` finds in the window they make up."""
    found: dict[str, dict[str, Measure]] = {name: {} for name in series}
    for step in steps:
        for name in series:
            for label, measure in step[name].items():
                known = found[name].get(label)
                found[name][label] = known.plus(measure) if known else measure
    return found


def distributions(window: Window, series: Sequence[str], *, step: timedelta | None) -> list[Any]:
    """Series whose labels are bins: a row for each step and series, its bins in order with their counts."""
    return ask(*_asked("distributions", window, series, step))


def _read(
    window: Window, series: tuple[str, ...], *, step: timedelta | None
) -> dict[datetime, dict[str, dict[str, Measure]]]:
    found: dict[datetime, dict[str, dict[str, Measure]]] = {}
    for row in ask(*_asked("series", window, series, step)):
        of_step = found.setdefault(row.step, {name: {} for name in series})
        of_step[row.series][row.label] = Measure(count=row.count, total=row.total, peak=row.peak)
    return {at: found[at] for at in sorted(found)}


def _asked(
    name: str, window: Window, series: Sequence[str], step: timedelta | None
) -> tuple[str, dict[str, Any]]:
    """A statement that sums up what adds to series, and what it is told."""
    rows = sources.rows_of(series, of_one=window.restaurant_id is not None)
    statement = SQL[name].replace("{parts}", SQL["parts"]).replace("{rows}", rows)
    return statement, {"series": list(series), **parameters_of(window, step)}


def span_of(window: Window) -> dict[str, Any]:
    """What the statements that read single rows are told."""
    return {
        "restaurant": ALL if window.restaurant_id is None else window.restaurant_id,
        "start": window.start,
        "end": window.end,
    }


def parameters_of(
    window: Window, step: timedelta | None = None, widths: tuple[int, ...] | None = None
) -> dict[str, Any]:
    """What the statements over a window are told: its ends, its buckets, its rests and its steps."""
    if step is not None and (step < timedelta(seconds=MINUTE) or step % timedelta(seconds=MINUTE)):
        raise ValueError(f"a step of {step}: steps are whole minutes")
    widths = widths or (WIDTHS if window.restaurant_id is None else WIDTHS_OF_ONE)
    if step is not None:
        widths = tuple(width for width in widths if not step % timedelta(seconds=width))
    parts = pieces(window, widths, now=timezone.now())
    buckets = [part for part in parts if part.width]
    return {
        **span_of(window),
        "step": step or window.end - window.start,
        "origin": EPOCH if step else window.start,
        "widths": [part.width for part in buckets],
        "starts": [part.start for part in buckets],
        "ends": [part.end for part in buckets],
        **_rests(part for part in parts if not part.width),
    }


def _rests(parts: Iterable[Piece]) -> dict[str, datetime | None]:
    """Ends of the at most two parts read row by row."""
    first, second = [*parts, None, None][:2]
    return {
        "rest1_start": first.start if first else None,
        "rest1_end": first.end if first else None,
        "rest2_start": second.start if second else None,
        "rest2_end": second.end if second else None,
    }

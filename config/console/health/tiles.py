"""The tiles: each figure with what it is made of, its target, and how it went over the day."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from config.console.health.sparkline import Sparkline, sparkline
from config.console.review.rows import in_words
from observability.metrics.backlog import Stuck
from observability.metrics.latency import Percentiles, Timing, percentiles_by_step, percentiles_of
from observability.metrics.rates import (
    OutcomeRates,
    Rate,
    Rates,
    error_rates,
    outcome_rates_by_step,
)
from observability.metrics.window import Window, floor

STEP = timedelta(hours=1)

#: Documented targets: confirmation at least, review below, errors at most in all, p95 below in ms.
CONFIRMED, REVIEWED, ERRORS = 0.95, 0.10, 10
TIMED = {Timing.RUN: ("Assignment p95", 3_000), Timing.LOCK_WAIT: ("Lock wait p95", 100)}

#: Tone and icon by standing.
_LOOKS = {"good": "ok", "watch": "warn", "critical": "bad", "unknown": "ring"}

Step = TypeVar("Step")


@dataclass(frozen=True, kw_only=True, slots=True)
class Tile:
    label: str
    tone: str
    icon: str
    figure: str
    unit: str
    made_of: str
    target: str
    line: Sparkline
    rows: tuple[tuple[str, str], ...]


def tiles_of(window: Window, found: Rates, stuck: Stuck) -> list[Tile]:
    """The six tiles of a window that ends now."""
    outcomes = outcome_rates_by_step(window, step=STEP)
    errors = error_rates(window, step=STEP)
    times = percentiles_of(window, *TIMED)
    steps = percentiles_by_step(window, *TIMED, step=STEP)
    return [
        _share("Confirmed", found.confirmation, "≥ 95 %", CONFIRMED, _at_least, window, outcomes, _confirmed),
        _share("Review", found.review, "< 10 %", REVIEWED, _below, window, outcomes, _reviewed),
        _errors(found.error, window, errors),
        *(
            _milliseconds(label, times[timing], limit, window, steps[timing])
            for timing, (label, limit) in TIMED.items()
        ),
        _stuck(stuck),
    ]


def _share(
    label: str,
    rate: Rate,
    target: str,
    limit: float,
    holds: Callable[[float, float], bool],
    window: Window,
    steps: Mapping[datetime, OutcomeRates],
    pick: Callable[[OutcomeRates], Rate],
) -> Tile:
    by_hour = _by_hour(window, steps, lambda step: pick(step).value)
    tone = _tone(rate.value, None if rate.value is None else holds(rate.value, limit))
    return Tile(
        label=label,
        tone=tone,
        icon=_LOOKS[tone],
        figure=f"{100 * rate.value:.1f}" if rate.value is not None else "None",
        unit="%" if rate.value is not None else "yet",
        made_of=f"{rate.numerator:,} / {rate.denominator:,}",
        target=target,
        line=sparkline([value for _, value in by_hour], target=limit),
        rows=_rows(by_hour, lambda value: f"{100 * value:.1f} %"),
    )


def _errors(rate: Rate, window: Window, steps: Mapping[datetime, Rate]) -> Tile:
    by_hour = _by_hour(window, steps, lambda step: float(step.numerator))
    count = rate.numerator
    tone = "unknown" if not rate.denominator else _level(count, ERRORS)
    return Tile(
        label="Errors",
        tone=tone,
        icon=_LOOKS[tone],
        figure=f"{count:,}",
        unit="in 24 h",
        made_of=f"{count:,} / {rate.denominator:,}",
        target=f"0, at most {ERRORS}",
        line=sparkline([value or 0.0 for _, value in by_hour]),
        rows=_rows(by_hour, lambda value: f"{value:.0f}"),
    )


def _milliseconds(
    label: str, found: Percentiles, limit: int, window: Window, steps: Mapping[datetime, Percentiles]
) -> Tile:
    by_hour = _by_hour(window, steps, lambda step: step.p95)
    tone = _tone(found.p95, None if found.p95 is None else found.p95 < limit)
    return Tile(
        label=label,
        tone=tone,
        icon=_LOOKS[tone],
        figure=f"{found.p95:,.0f}" if found.p95 is not None else "None",
        unit="ms" if found.p95 is not None else "yet",
        made_of=f"{found.count:,} runs",
        target=f"< {limit:,}",
        line=sparkline([value for _, value in by_hour]),
        rows=_rows(by_hour, lambda value: f"{value:,.0f} ms"),
    )


def _stuck(stuck: Stuck) -> Tile:
    count = stuck.count
    tone = "good" if not count else "watch"
    return Tile(
        label="Stuck",
        tone=tone,
        icon=_LOOKS[tone],
        figure=f"{count:,}",
        unit="booking" if count == 1 else "bookings",
        made_of=f"oldest {in_words(stuck.longest)}" if count else "none now",
        target="0",
        line=sparkline([]),
        rows=tuple((state.replace("_", " "), str(number)) for state, number in stuck.by_state.items()),
    )


def _by_hour(
    window: Window, steps: Mapping[datetime, Step], value: Callable[[Step], float | None]
) -> list[tuple[datetime, float | None]]:
    """Every hour of the window, None where nothing was counted."""
    first = floor(window.start, round(STEP.total_seconds()))
    hours = [first + number * STEP for number in range(round((window.end - first) / STEP) + 1)]
    return [(hour, value(steps[hour]) if hour in steps else None) for hour in hours if hour < window.end]


def _rows(
    by_hour: list[tuple[datetime, float | None]], words: Callable[[float], str]
) -> tuple[tuple[str, str], ...]:
    return tuple((f"{hour:%d %b %H:%M} UTC", words(value)) for hour, value in by_hour if value is not None)


def _confirmed(step: OutcomeRates) -> Rate:
    return step.confirmation


def _reviewed(step: OutcomeRates) -> Rate:
    return step.review


def _at_least(value: float, limit: float) -> bool:
    return value >= limit


def _below(value: float, limit: float) -> bool:
    return value < limit


def _tone(value: float | None, holds: bool | None) -> str:  # noqa: FBT001
    if value is None:
        return "unknown"
    return "good" if holds else "watch"


def _level(count: int, most: int) -> str:
    if not count:
        return "good"
    return "watch" if count <= most else "critical"

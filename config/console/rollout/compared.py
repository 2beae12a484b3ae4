"""Beside the gates: legacy against V3, shadow classes, restaurants that stand out, the day's trends."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from assignments.engine.compare import Comparison
from assignments.engine.gates.policy import Phase as Demands
from assignments.engine.gates.proportions import newcombe
from assignments.rollout.gates.seen import Seen, is_surely_above
from assignments.shadow.coverage import Coverage
from bookings.models import Restaurant
from config.console.health.sparkline import Sparkline, sparkline
from config.console.rollout.bars import LEFT, RIGHT
from observability.metrics.rates import (
    OutcomeRates,
    Rate,
    error_rates,
    outcome_rates,
    outcome_rates_by_step,
)
from observability.metrics.restaurants import RestaurantFigures
from observability.metrics.series import read
from observability.metrics.window import Window

HOUR = timedelta(hours=1)
DAY = timedelta(hours=24)

#: The margin differences are drawn against, in points; not a gate where V3 decides, only the shadow's.
_MARGIN = 0.05
_REACH = 0.08

_CLASSES: Sequence[tuple[Comparison, str, str]] = (
    (Comparison.MATCH, "match", "c-match"),
    (Comparison.EQUIVALENT, "equivalent", "c-eq"),
    (Comparison.BETTER, "better", "c-better"),
    (Comparison.V3_ONLY, "V3 only", "c-v3"),
    (Comparison.WORSE, "worse", "c-worse"),
    (Comparison.LEGACY_ONLY, "legacy only", "c-leg"),
    (Comparison.BOTH_FAILED, "both failed", "c-both"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A rate on both paths; `points` V3 less legacy, drawn against five points for the worse."""

    title: str
    legacy: str
    legacy_of: str
    v3: str
    v3_of: str
    points: str
    between: str
    low: str
    high: str
    at: str
    bad_x: str
    bad_width: str
    margin: str
    margin_text: str
    tone: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One class of the comparison; `x` and `width` in percent of the bar."""

    label: str
    css: str
    count: int
    x: str
    width: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Classes:
    compared: int
    eligible: int
    parts: tuple[Part, ...]
    errors: int
    unclassified: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Outlier:
    """A restaurant whose reviews or errors stand out against all of the phase."""

    restaurant: Restaurant
    reviewed: str
    failed: str
    why: str


def differences(window: Window) -> list[Difference]:
    """One query. Nothing is said while one of the paths had no outcome."""
    labels = read(window, "outcome")["outcome"]
    legacy, v3 = outcome_rates(labels, path="legacy"), outcome_rates(labels, path="v3")
    if not legacy.confirmation.denominator or not v3.confirmation.denominator:
        return []
    return [
        _difference("Confirmed", legacy.confirmation, v3.confirmation, lower_is_worse=True),
        _difference("Manual review", legacy.review, v3.review, lower_is_worse=False),
    ]


def classes(found: Coverage) -> Classes | None:
    """None where nothing was decided in shadow mode."""
    if not found.eligible:
        return None
    total = sum(found.classes.get(key, 0) for key, _, _ in _CLASSES) or 1
    parts, x = [], 0.0
    for key, label, css in _CLASSES:
        count = found.classes.get(key, 0)
        width = 100 * count / total
        parts.append(Part(label=label, css=css, count=count, x=f"{x:.2f}", width=f"{width:.2f}"))
        x += width
    return Classes(
        compared=found.compared,
        eligible=found.eligible,
        parts=tuple(parts),
        errors=found.classes.get(Comparison.CANDIDATE_ERROR, 0) + found.classes.get(Comparison.TIMEOUT, 0),
        unclassified=found.classes.get(Comparison.UNCLASSIFIED, 0),
    )


def outliers(seen: Seen) -> list[Outlier]:
    """Restaurants whose rate is surely above that of all, or that had errors (one query)."""
    named = Restaurant.objects.in_bulk([row.restaurant_id for row in seen.outstanding])
    return [
        Outlier(
            restaurant=named[row.restaurant_id],
            reviewed=f"{row.reviewed:,} / {row.review.denominator:,}",
            failed=f"{row.failed:,} / {row.started:,}",
            why=_why(row, seen.review_rate),
        )
        for row in seen.outstanding
        if row.restaurant_id in named
    ]


def trends(demands: Demands, *, now: datetime, path: str) -> dict[str, Sparkline]:
    """The last 24 hours of the rates that have hours, against their thresholds (two queries)."""
    window = Window.until(now, DAY)
    wanted = {rule.key: rule.threshold for rule in demands.gates}
    outcomes = outcome_rates_by_step(window, step=HOUR, path=path)
    drawn: dict[str, Sparkline] = {}
    if "confirmation_rate" in wanted:
        drawn["confirmation_rate"] = _line(window, outcomes, _confirmed, wanted["confirmation_rate"])
        drawn["review_rate"] = _line(window, outcomes, _reviewed, wanted.get("review_rate"))
    if "error_rate" in wanted:
        errors = error_rates(window, step=HOUR)
        values = [errors[at].value if at in errors else None for at in _hours(window)]
        drawn["error_rate"] = sparkline(values, target=float(wanted["error_rate"]))
    return drawn


def _line(
    window: Window,
    steps: Mapping[datetime, OutcomeRates],
    pick: Callable[[OutcomeRates], Rate],
    target: Fraction | None,
) -> Sparkline:
    values = [pick(steps[at]).value if at in steps else None for at in _hours(window)]
    return sparkline(values, target=None if target is None else float(target))


def _confirmed(step: OutcomeRates) -> Rate:
    return step.confirmation


def _reviewed(step: OutcomeRates) -> Rate:
    return step.review


def _hours(window: Window) -> list[datetime]:
    first = window.start.replace(minute=0, second=0, microsecond=0)
    return [first + number * HOUR for number in range(25) if first + number * HOUR < window.end]


def _difference(title: str, legacy: Rate, v3: Rate, *, lower_is_worse: bool) -> Difference:
    found = newcombe(v3.numerator, v3.denominator, legacy.numerator, legacy.denominator)
    reach = max(_REACH, abs(found.low), abs(found.high))
    margin = -_MARGIN if lower_is_worse else _MARGIN

    def x(value: float) -> float:
        return LEFT + (RIGHT - LEFT) * (value + reach) / (2 * reach)

    bad = (LEFT, x(margin)) if lower_is_worse else (x(margin), RIGHT)
    worst = found.low if lower_is_worse else -found.high
    best = found.high if lower_is_worse else -found.low
    tone = "pass" if worst > -_MARGIN else "fail" if best < -_MARGIN else "inconclusive"
    return Difference(
        title=title,
        legacy=f"{100 * (legacy.value or 0):.2f} %",
        legacy_of=f"{legacy.numerator:,} / {legacy.denominator:,}",
        v3=f"{100 * (v3.value or 0):.2f} %",
        v3_of=f"{v3.numerator:,} / {v3.denominator:,}",
        points=f"{100 * found.estimate:+.2f}",
        between=f"{100 * found.low:+.2f} to {100 * found.high:+.2f}",
        low=f"{x(found.low):.1f}",
        high=f"{x(found.high):.1f}",
        at=f"{x(found.estimate):.1f}",
        bad_x=f"{bad[0]:.1f}",
        bad_width=f"{bad[1] - bad[0]:.1f}",
        margin=f"{x(margin):.1f}",
        margin_text=f"{100 * margin:+.0f}",
        tone=tone,
    )


def _why(row: RestaurantFigures, overall: float) -> str:
    """Why a restaurant is told of."""
    if is_surely_above(row.review, overall):
        return f"{100 * (row.review.value or 0):.1f} % reviewed, {100 * overall:.1f} % of all"
    return f"{row.failed:,} booking{'' if row.failed == 1 else 's'} with an error"

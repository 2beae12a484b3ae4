"""The verdict: how the pipeline does, in one word and one sentence that says why.

Thresholds are those of the success criteria: HEALTHY, CRITICAL, else WARNING. Where nothing happened
there is nothing to judge by, which is a level of its own and never "healthy".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from observability.metrics.backlog import stuck
from observability.metrics.rates import Rate, outcome_rates
from observability.metrics.series import read
from observability.metrics.window import Window

SPAN = timedelta(hours=24)

HEALTHY_CONFIRMATION = 0.95
CRITICAL_CONFIRMATION = 0.90
#: The review rate stays below.
HEALTHY_REVIEW = 0.10
#: More errors than these are critical, any are a warning.
MOST_ERRORS = 10


class Level(StrEnum):
    HEALTHY = "HEALTHY"
    WARNING = "WARNING"
    CRITICAL = "CRITICAL"
    NO_DATA = "NO DATA"


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """What is judged: rates of outcomes and errors of the coordinator over a span, and what is stuck now."""

    confirmation: Rate
    review: Rate
    errors: int
    stuck: int

    @property
    def are_empty(self) -> bool:
        return not (self.confirmation.denominator or self.errors or self.stuck)


@dataclass(frozen=True, kw_only=True, slots=True)
class Health:
    """A verdict with its figures; `why` are the complaints, in words, the critical ones first."""

    level: Level
    why: tuple[str, ...]
    figures: Figures

    @property
    def sentence(self) -> str:
        """Such as "CRITICAL: 88.0 % confirmed (22 of 25), 3 stuck."."""
        return f"{self.level}: {', '.join(self.why)}."


def verdict(*, now: datetime, span: timedelta = SPAN, restaurant_id: int | None = None) -> Health:
    """The verdict on the `span` before `now`, of one restaurant or of all (two queries)."""
    return judge(figures(now=now, span=span, restaurant_id=restaurant_id))


def figures(*, now: datetime, span: timedelta, restaurant_id: int | None = None) -> Figures:
    found = read(Window.until(now, span, restaurant_id), "outcome", "event")
    outcomes = outcome_rates(found["outcome"])
    errors = found["event"].get("coordinator.error")
    return Figures(
        confirmation=outcomes.confirmation,
        review=outcomes.review,
        errors=errors.count if errors else 0,
        stuck=stuck(now=now, restaurant_id=restaurant_id).count,
    )


def judge(figures: Figures) -> Health:
    """The verdict on figures."""
    if figures.are_empty:
        return Health(level=Level.NO_DATA, why=("no booking was decided, none is stuck",), figures=figures)
    critical, warnings = list(_critical(figures)), list(_warnings(figures))
    if critical or warnings:
        level = Level.CRITICAL if critical else Level.WARNING
        return Health(level=level, why=(*critical, *warnings), figures=figures)
    why = (_rate("confirmed", figures.confirmation), _rate("in review", figures.review))
    return Health(level=Level.HEALTHY, why=(*why, "nothing stuck", "no errors"), figures=figures)


def _critical(figures: Figures) -> Iterator[str]:
    confirmed = figures.confirmation.value
    if confirmed is not None and confirmed < CRITICAL_CONFIRMATION:
        yield _rate("confirmed", figures.confirmation)
    if figures.errors > MOST_ERRORS:
        yield f"{figures.errors} errors"


def _warnings(figures: Figures) -> Iterator[str]:
    confirmed, reviewed = figures.confirmation.value, figures.review.value
    if confirmed is None or reviewed is None:
        yield "no booking was decided"
    else:
        if CRITICAL_CONFIRMATION <= confirmed < HEALTHY_CONFIRMATION:
            yield _rate("confirmed", figures.confirmation)
        if reviewed >= HEALTHY_REVIEW:
            yield _rate("in review", figures.review)
    if 0 < figures.errors <= MOST_ERRORS:
        yield f"{figures.errors} error{'s' * (figures.errors > 1)}"
    if figures.stuck:
        yield f"{figures.stuck} stuck"


def _rate(what: str, rate: Rate) -> str:
    """Such as "94.9 % confirmed (1899 of 2000)": rounded down, so that 94.95 % does not look like 95."""
    tenths = 1000 * rate.numerator // rate.denominator
    return f"{tenths / 10:.1f} % {what} ({rate.numerator} of {rate.denominator})"

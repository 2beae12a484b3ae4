"""Confirmation, review and error rate as phases are judged by them.

A booking's outcome is the first of confirmed and manual_review that it reaches, dated then. Bookings
cancelled before either are in no rate. What staff, changes or check-in make of it later counts nowhere.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from observability.metrics.series import SQL, Labels, Measure, parameters_of, read, read_steps
from observability.metrics.sources import ENDLESS, rolled
from observability.metrics.window import Window
from observability.named_sql import ask

#: Reasons that carry a proof: no legal seating exists, so that nobody's trying again would help.
PROVEN = frozenset({"party_too_large", "no_capacity_at_time"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """A share of things counted; without a denominator there is no value, which is not the value 0."""

    numerator: int
    denominator: int

    @property
    def value(self) -> float | None:
        """From 0 to 1, or None if there was nothing to count."""
        return self.numerator / self.denominator if self.denominator else None


@dataclass(frozen=True, kw_only=True, slots=True)
class OutcomeRates:
    """Confirmed, reviewed and reviewed with a proof, each of all outcomes."""

    confirmation: Rate
    review: Rate
    proven_review: Rate


@dataclass(frozen=True, kw_only=True, slots=True)
class Rates(OutcomeRates):
    """The outcomes' rates, and bookings with an error of the coordinator of those it started."""

    error: Rate


def rates(window: Window, *, path: str | None = None) -> Rates:
    """The rates of a window; `path` (v3 or legacy) leaves only the outcomes of that path."""
    outcomes = outcome_rates(read(window, "outcome")["outcome"], path=path)
    return Rates(
        confirmation=outcomes.confirmation,
        review=outcomes.review,
        proven_review=outcomes.proven_review,
        error=error_rate(window),
    )


def outcome_rates(outcomes: Labels, *, path: str | None = None) -> OutcomeRates:
    """The rates of labels of the series `outcome`."""
    confirmed = reviewed = proven = 0
    for label, measure in outcomes.items():
        of_path, outcome, *reason = label.split(">")
        if path not in (None, of_path):
            continue
        confirmed += measure.count * (outcome == "confirmed")
        reviewed += measure.count * (outcome == "manual_review")
        proven += measure.count * (outcome == "manual_review" and not PROVEN.isdisjoint(reason))
    of = confirmed + reviewed
    return OutcomeRates(
        confirmation=Rate(numerator=confirmed, denominator=of),
        review=Rate(numerator=reviewed, denominator=of),
        proven_review=Rate(numerator=proven, denominator=of),
    )


def error_rate(window: Window) -> Rate:
    """Bookings with at least one error of the coordinator, of the bookings it started, in the window."""
    rows = ask(_started(), parameters_of(window))
    return _errors(rows[0].failed, rows[0].started) if rows else Rate(numerator=0, denominator=0)


def error_rates(window: Window, *, step: timedelta) -> dict[datetime, Rate]:
    """The error rate of each step in which the coordinator started anything, by its start."""
    rows = ask(_started(), parameters_of(window, step))
    return {row.step: _errors(row.failed, row.started) for row in sorted(rows, key=lambda row: row.step)}


def outcome_rates_by_step(
    window: Window, *, step: timedelta, path: str | None = None
) -> dict[datetime, OutcomeRates]:
    """The outcomes' rates of each step in which there were any, by its start."""
    steps = read_steps(window, "outcome", step=step)
    return {at: outcome_rates(series["outcome"], path=path) for at, series in steps.items()}


def match(window: Window) -> Rate:
    """Bookings that made their first transition in the window, to bookings received in it.

    About 1 while assignment keeps pace with intake; it may exceed 1.
    """
    found = read(window, "first_transition", "received")
    return Rate(
        numerator=_sum(found["first_transition"].values()), denominator=_sum(found["received"].values())
    )


def _errors(failed: int, started: int) -> Rate:
    return Rate(numerator=failed, denominator=started)


def _sum(measures: Iterable[Measure]) -> int:
    return sum(measure.count for measure in measures)


def _started() -> str:
    return SQL["started"].replace("{rolled}", rolled("events")).replace("{endless}", ENDLESS)

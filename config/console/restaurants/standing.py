"""How restaurants go: the path their bookings take, and what became of last week's."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from assignments import flags
from assignments.decision_text import sentence
from assignments.engine.flags import BUCKETS, Explanation, Mode, Source
from observability.metrics.rates import Rate, outcome_rates
from observability.metrics.restaurants import by_restaurant
from observability.metrics.series import read
from observability.metrics.window import Window

#: What the figures look back on.
WEEK = timedelta(days=7)

#: Reasons listed on a restaurant's page.
MOST = 5

_LOOKS = {
    Mode.ACTIVE: ("V3", "accent", "check"),
    Mode.SHADOW: ("Shadow", "moving", "ring"),
    Mode.DISABLED: ("Legacy", "line", "minus"),
}
_BECAUSE = {
    Source.KILL: "The kill switch is on",
    Source.UNKNOWN: "The flags cannot be read, which means legacy",
    Source.ENVIRONMENT: "Pinned by the environment",
    Source.OVERRIDE: "The restaurant's own override",
    Source.COHORT: "Its cohort",
    Source.OFF: "No flag is on for it",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class RoutePath:
    """Which planner decides, as a chip, and where that comes from in words."""

    label: str
    tone: str
    icon: str
    because: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Reasoned:
    """A reason for review with how often it was one, `share` from 0 to 100 for the bar."""

    code: str
    sentence: str
    count: int
    share: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Week:
    """The last seven days: reviews of outcomes, those with a proof, and the reasons, most frequent first."""

    review: Rate
    proven: Rate
    reasons: tuple[Reasoned, ...]


def path_of(restaurant_id: int) -> RoutePath:
    """The path of the restaurant's bookings now, from this process's flags and without a query."""
    snapshot = flags.current()
    found = snapshot.explain(restaurant_id, None)
    own = snapshot.flags.v3.overrides.get(restaurant_id)
    label, tone, icon = _LOOKS[found.mode]
    if found.v3_source is Source.OVERRIDE and own and 0 < own.share < BUCKETS:
        label, tone, icon = f"V3 for {own.share * 100 / BUCKETS:g} %", "watch", "half"
    return RoutePath(label=label, tone=tone, icon=icon, because=_BECAUSE[_source(found)])


def review_rates(now: datetime) -> Mapping[int, Rate]:
    """Last week's review rate of each restaurant with an outcome or arrival, by id (one statement)."""
    return {item.restaurant_id: item.review for item in by_restaurant(Window.until(now, WEEK))}


def week_of(restaurant_id: int, now: datetime) -> Week:
    """One statement."""
    outcomes = read(Window.until(now, WEEK, restaurant_id), "outcome")["outcome"]
    found = outcome_rates(outcomes)
    counts: dict[str, int] = {}
    for label, measure in outcomes.items():
        _path, outcome, *reason = label.split(">")
        if outcome == "manual_review":
            code = reason[0] if reason else ""
            counts[code] = counts.get(code, 0) + measure.count
    often = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST]
    return Week(
        review=found.review,
        proven=found.proven_review,
        reasons=tuple(_reasoned(code, count, found.review.numerator) for code, count in often),
    )


def percent(rate: Rate) -> str:
    """One decimal; nothing where there was nothing to count."""
    return "" if rate.value is None else f"{rate.value * 100:.1f} %"


def _source(found: Explanation) -> Source:
    """What decided: shadow's source where V3 is merely off and shadow is on."""
    return found.shadow_source if found.mode is Mode.SHADOW else found.v3_source


def _reasoned(code: str, count: int, of: int) -> Reasoned:
    return Reasoned(
        code=code, sentence=sentence(code or "staff"), count=count, share=round(100 * count / of) if of else 0
    )

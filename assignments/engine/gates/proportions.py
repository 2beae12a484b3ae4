"""Intervals that pages show, from SciPy. No verdict rests on them: those are decided by `exact_tails`.

Also what the exact tails are tested against. All two-sided unless they say otherwise; shares from 0 to 1.
"""

from dataclasses import dataclass
from math import sqrt
from typing import Literal

from scipy.stats import binomtest


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """A range with the estimate in it."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Pairs:
    """How often each of two planners seated the bookings that both were asked for."""

    both: int
    only_old: int
    only_new: int
    neither: int

    @property
    def total(self) -> int:
        return self.both + self.only_old + self.only_new + self.neither


def clopper_pearson(hits: int, trials: int, *, confidence: float = 0.95) -> Interval:
    """Both exact one-sided bounds, each with this confidence."""
    return _proportion(hits, trials, 2 * confidence - 1, "exact")


def wilson(hits: int, trials: int, *, confidence: float = 0.95) -> Interval:
    """The score interval of Wilson (1927, JASA 22:209): for display, close to its confidence on average."""
    return _proportion(hits, trials, confidence, "wilson")


def _proportion(hits: int, trials: int, confidence: float, method: Literal["exact", "wilson"]) -> Interval:
    found = binomtest(hits, trials).proportion_ci(confidence_level=confidence, method=method)
    return Interval(estimate=hits / trials, low=float(found.low), high=float(found.high))


def newcombe(
    hits: int, trials: int, other_hits: int, other_trials: int, *, confidence: float = 0.95
) -> Interval:
    """The difference of two unpaired shares, the first less the second.

    Newcombe (1998, Statistics in Medicine 17:873), method 10.
    """
    return _difference(
        wilson(hits, trials, confidence=confidence),
        wilson(other_hits, other_trials, confidence=confidence),
        correlation=0.0,
    )


def paired_difference(pairs: Pairs, *, confidence: float = 0.95) -> Interval:
    """The new planner's share less the old one's, on pairs.

    Newcombe (1998, Statistics in Medicine 17:2635), method 10.
    """
    return _difference(
        wilson(pairs.both + pairs.only_new, pairs.total, confidence=confidence),
        wilson(pairs.both + pairs.only_old, pairs.total, confidence=confidence),
        correlation=_correlation(pairs),
    )


def mcnemar(pairs: Pairs) -> float:
    """The exact two-sided p of McNemar's test: whether discordant pairs fall equally on both sides."""
    discordant = pairs.only_old + pairs.only_new
    return float(binomtest(pairs.only_new, discordant).pvalue) if discordant else 1.0


def _difference(first: Interval, second: Interval, *, correlation: float) -> Interval:
    """The two score intervals' distances from their estimates, added as vectors."""
    estimate = first.estimate - second.estimate
    down = _length(first.estimate - first.low, second.high - second.estimate, correlation)
    up = _length(first.high - first.estimate, second.estimate - second.low, correlation)
    return Interval(estimate=estimate, low=estimate - down, high=estimate + up)


def _length(one: float, other: float, correlation: float) -> float:
    return sqrt(max(0.0, one**2 - 2 * correlation * one * other + other**2))


def _correlation(pairs: Pairs) -> float:
    """Phi of the four cells, with Newcombe's correction of a positive one; 0 if a margin is empty."""
    margins = (
        (pairs.both + pairs.only_old)
        * (pairs.only_new + pairs.neither)
        * (pairs.both + pairs.only_new)
        * (pairs.only_old + pairs.neither)
    )
    if not margins:
        return 0.0
    cross = pairs.both * pairs.neither - pairs.only_old * pairs.only_new
    if cross > 0:
        return max(cross - pairs.total / 2, 0.0) / sqrt(margins)
    return cross / sqrt(margins)

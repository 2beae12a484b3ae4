"""Bookings of one restaurant resemble each other: how much less they tell than as many independent ones.

The design effect is the variance of the rate between restaurants over that of independent bookings, by
Rao and Scott (1992, Biometrics 48:577): m / (m - 1) * sum (x_i - n_i p)^2 / (n p (1 - p)) over the m
restaurants with x_i of n_i bookings and p = x / n. It is never below 1, and never above sum n_i^2 / n, its
value if all bookings of a restaurant went the same way. Below five restaurants an estimate can be far too low
by chance: it is 1.5 there, and more where the restaurants that there are differ by more.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

#: From how many restaurants on the estimate alone counts, and what the design effect is at least before.
ENOUGH_RESTAURANTS = 5
FEW_RESTAURANTS = Fraction(3, 2)

_HUNDREDTHS = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """What was counted at one restaurant: `hits` of `trials`."""

    hits: int
    trials: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Effective:
    """Counts as if of independent bookings, in whole numbers, rounded against what they are to show."""

    hits: int
    trials: int


def design_effect(shares: Iterable[Share]) -> Fraction:
    """The design effect, rounded up to hundredths. The least if all bookings went the same way."""
    counted = [share for share in shares if share.trials]
    least = Fraction(1) if len(counted) >= ENOUGH_RESTAURANTS else FEW_RESTAURANTS
    if len(counted) < 2:
        return least
    trials = sum(share.trials for share in counted)
    rate = Fraction(sum(share.hits for share in counted), trials)
    if rate in (0, 1):
        return least
    spread = sum((share.hits - share.trials * rate) ** 2 for share in counted)
    estimate = Fraction(len(counted), len(counted) - 1) * spread / (trials * rate * (1 - rate))
    ceiling = Fraction(sum(share.trials**2 for share in counted), trials)
    return max(least, Fraction(ceil(min(estimate, ceiling) * _HUNDREDTHS), _HUNDREDTHS))


def fewer_hits(hits: int, trials: int, effect: Fraction) -> Effective:
    """Effective counts that say no more for a high rate than was measured: hits down, misses up.

    Rounded each on its own, so that one more hit never lowers the effective rate.
    """
    kept = int(hits / effect)
    return Effective(hits=kept, trials=kept + ceil((trials - hits) / effect))


def more_hits(hits: int, trials: int, effect: Fraction) -> Effective:
    """Effective counts that say no more for a low rate than was measured: hits up, misses down."""
    raised = ceil(hits / effect)
    return Effective(hits=raised, trials=raised + int((trials - hits) / effect))

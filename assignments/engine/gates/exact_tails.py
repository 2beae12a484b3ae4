"""Binomial and hypergeometric tails that decide exactly, with the standard library alone.

A Clopper-Pearson bound (Clopper and Pearson 1934, Biometrika 26:404) is the rate at which a tail equals
alpha, so "the lower bound is at least p" is the same as "P(X >= x | p) <= alpha": no quantile is needed.
Floating point settles what is clear; within one in a million of alpha, whole numbers do.
"""

from collections.abc import Callable
from fractions import Fraction
from math import comb, exp, inf, lgamma, log, log1p

#: Bounds are multiples of 1 / GRID, rounded away from what was measured, so they are exact decimals.
GRID = 1_000_000

#: The error of the floating-point tail stays far below this share up to a hundred million bookings.
_CLEAR = 1e-6


def tail(count: int, trials: int, rate: Fraction) -> Fraction:
    """P(X <= count) for X ~ Binomial(trials, rate), exactly."""
    if count >= trials:
        return Fraction(1)
    hit, miss = rate.numerator, rate.denominator - rate.numerator
    if miss == 0 or count < 0:
        return Fraction(0)
    term = miss**trials
    total = term
    for hits in range(count):
        term = term * (trials - hits) * hit // ((hits + 1) * miss)
        total += term
    return Fraction(total, rate.denominator**trials)


def approximate_tail(count: int, trials: int, rate: float) -> float:
    """P(X <= count) in floating point; 0 < rate < 1."""
    return exp(log_tail(count, trials, rate))


def log_tail(count: int, trials: int, rate: float) -> float:
    """log P(X <= count), which keeps its digits where the probability itself is below floating point."""
    if count >= trials:
        return 0.0
    if count < 0:
        return -inf
    if count <= trials * rate:
        return _log_descending(count, trials, rate)
    return log1p(-exp(_log_descending(trials - count - 1, trials, 1.0 - rate)))


def _log_descending(count: int, trials: int, rate: float) -> float:
    """log of the sum from the largest term, at `count`, downwards; `count` is not above the mean."""
    logarithm = (
        lgamma(trials + 1)
        - lgamma(count + 1)
        - lgamma(trials - count + 1)
        + count * log(rate)
        + (trials - count) * log1p(-rate)
    )
    odds = (1.0 - rate) / rate
    term = total = 1.0
    for hits in range(count, 0, -1):
        term *= hits / (trials - hits + 1) * odds
        total += term
        if term < total * 1e-17:
            break
    return logarithm + log(total)


def tail_against(count: int, trials: int, rate: Fraction, alpha: Fraction) -> int:
    """-1, 0 or 1 as P(X <= count) is below, equal to or above `alpha`."""
    if 0 < rate < 1:
        rough = approximate_tail(count, trials, float(rate))
        if abs(rough - float(alpha)) > _CLEAR * float(alpha):
            return 1 if rough > alpha else -1
    exact = tail(count, trials, rate)
    return (exact > alpha) - (exact < alpha)


def at_least(hits: int, trials: int, rate: Fraction, alpha: Fraction) -> bool:
    """Whether the lower bound is at least `rate`: P(X >= hits | rate) <= alpha."""
    return tail_against(trials - hits, trials, 1 - rate, alpha) <= 0


def at_most(hits: int, trials: int, rate: Fraction, alpha: Fraction) -> bool:
    """Whether the upper bound is at most `rate`: P(X <= hits | rate) <= alpha."""
    return tail_against(hits, trials, rate, alpha) <= 0


def surely_below(hits: int, trials: int, rate: Fraction, alpha: Fraction) -> bool:
    """Whether the upper bound is below `rate`. Strict, so that one failed booking alone refutes no 95 %."""
    return tail_against(hits, trials, rate, alpha) < 0


def lower_bound(hits: int, trials: int, alpha: Fraction) -> Fraction:
    """The one-sided lower bound, rounded down to the grid; 0 without hits."""
    return (
        _last_step(lambda step: at_least(hits, trials, Fraction(step, GRID), alpha)) if hits else Fraction(0)
    )


def upper_bound(hits: int, trials: int, alpha: Fraction) -> Fraction:
    """The one-sided upper bound, rounded up to the grid; 1 without misses."""
    return 1 - lower_bound(trials - hits, trials, alpha)


def _last_step(holds: Callable[[int], bool]) -> Fraction:
    """The largest step of the grid at which `holds`; it holds at 0 and, once it does not, never again."""
    low, high = 0, GRID
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return Fraction(low, GRID)


def fewest_more(settles: Callable[[int], bool], *, at_most: int = 100_000_000) -> int | None:
    """The fewest further clean bookings that settle it, if 0 do not and more never unsettle it, or None."""
    high = 1
    while not settles(high):
        high *= 2
        if high > at_most:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if settles(middle) else (middle, high)
    return high


def fisher(hits: int, trials: int, other_hits: int, other_trials: int) -> Fraction:
    """P of this many hits or more in the first sample if both had one rate (Fisher 1935), exactly.

    Conditional on all hits: hypergeometric.
    """
    all_hits, everything = hits + other_hits, trials + other_trials
    term = comb(trials, hits) * comb(other_trials, other_hits)
    favourable = term
    for moved in range(min(other_hits, trials - hits)):
        chosen, left = hits + moved, other_hits - moved
        term = term * (trials - chosen) * left // ((chosen + 1) * (other_trials - left + 1))
        favourable += term
    return Fraction(favourable, comb(everything, all_hits))


def quantile_rank(trials: int, quantile: Fraction, alpha: Fraction) -> int | None:
    """The rank, from 1, of the ordered value that bounds a quantile from above; None with too few values.

    Distribution-free: the r-th smallest of n values is at least the quantile with probability
    P(Bin(n, quantile) < r), so r is the smallest with P(Bin(n, quantile) >= r) <= alpha
    (David and Nagaraja, Order Statistics, 2003, section 7.1).
    """
    if not trials or not at_least(trials, trials, quantile, alpha):
        return None
    low, high = 0, trials
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if at_least(middle, trials, quantile, alpha) else (middle, high)
    return high

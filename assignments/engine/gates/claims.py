"""What the statistical gates claim, and when data prove or refute it.

A claim can say for any number of further clean bookings whether it would hold at a level, which is all
that a verdict and "N more clean bookings" need. Counts are taken as effective ones (`clusters`), rounded
against whatever is to be shown.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from assignments.engine.gates.clusters import design_effect, fewer_hits, more_hits
from assignments.engine.gates.exact_tails import at_least, at_most, lower_bound, surely_below, upper_bound
from assignments.engine.gates.rules import GateInput, GateRule, Kind
from assignments.engine.gates.wording import figure, part, percent, points


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A statement about a rate: `holds(more, alpha)` after so many further clean bookings.

    The bounds are one-sided: that which passes at the level of the look, that which fails at the rule's.
    """

    holds: Callable[[int, Fraction], bool]
    refuted: bool
    rate: Fraction | None
    low: Fraction | None
    high: Fraction | None
    effect: Fraction
    measured: str
    required: str


def _effect(rule: GateRule, given: GateInput) -> Fraction:
    return design_effect(given.shares) if rule.clustered else Fraction(1)


def _counts(given: GateInput) -> tuple[int, int]:
    if given.numerator is None or given.denominator is None:
        raise ValueError("A claim needs its counts; verdicts.decide bars those without.")
    return given.numerator, given.denominator


def rate_at_least(rule: GateRule, given: GateInput, level: Fraction) -> Claim:
    """The rate is at least the threshold: its lower Clopper-Pearson bound is."""
    hits, trials = _counts(given)
    effect = _effect(rule, given)
    least, most = fewer_hits(hits, trials, effect), more_hits(hits, trials, effect)
    low = lower_bound(least.hits, least.trials, level)
    high = upper_bound(most.hits, most.trials, rule.alpha)
    return Claim(
        holds=_enough(hits, trials, effect, rule.threshold),
        refuted=surely_below(most.hits, most.trials, rule.threshold, rule.alpha),
        rate=Fraction(hits, trials),
        low=low,
        high=high,
        effect=effect,
        measured=_between(rule, hits, trials, low, high),
        required=f"{percent(rule.threshold)} or more",
    )


def _enough(hits: int, trials: int, effect: Fraction, threshold: Fraction) -> Callable[[int, Fraction], bool]:
    def holds(more: int, alpha: Fraction) -> bool:
        counts = fewer_hits(hits + more, trials + more, effect)
        return at_least(counts.hits, counts.trials, threshold, alpha)

    return holds


def rate_below(rule: GateRule, given: GateInput, level: Fraction) -> Claim:
    """The rate is below the threshold: its upper Clopper-Pearson bound is."""
    hits, trials = _counts(given)
    effect = _effect(rule, given)
    least, most = fewer_hits(hits, trials, effect), more_hits(hits, trials, effect)
    low = lower_bound(least.hits, least.trials, rule.alpha)
    high = upper_bound(most.hits, most.trials, level)

    def holds(more: int, alpha: Fraction) -> bool:
        counts = more_hits(hits, trials + more, effect)
        return at_most(counts.hits, counts.trials, rule.threshold, alpha)

    return Claim(
        holds=holds,
        refuted=at_least(least.hits, least.trials, rule.threshold, rule.alpha),
        rate=Fraction(hits, trials),
        low=low,
        high=high,
        effect=effect,
        measured=_between(rule, hits, trials, low, high),
        required=f"below {percent(rule.threshold)}",
    )


def _between(rule: GateRule, hits: int, trials: int, low: Fraction, high: Fraction) -> str:
    rate, bounds = percent(Fraction(hits, trials)), [percent(b, unlike=rule.threshold) for b in (low, high)]
    return f"{rate} ({part(hits, trials)}), from {bounds[0]} to {bounds[1]}"


def quantile_below(rule: GateRule, given: GateInput, _level: Fraction) -> Claim:
    """A quantile is below the limit: at least that share of all values is (Conover 1999, section 3.2).

    The same as comparing the limit with the order statistic that bounds the quantile from above, with no
    assumption about how latencies are distributed; counts of values below the limit suffice.
    """
    hits, trials = _counts(given)
    effect = _effect(rule, given)
    most = more_hits(hits, trials, effect)
    limit = limit_of(rule, given)
    bound = "" if given.bound is None else f", up to {figure(given.bound)} {rule.unit}"
    measured = "" if given.measured is None else f"{figure(given.measured)} {rule.unit}{bound}; "
    return Claim(
        holds=_enough(hits, trials, effect, rule.quantile),
        refuted=surely_below(most.hits, most.trials, rule.quantile, rule.alpha),
        rate=given.measured,
        low=None,
        high=given.bound,
        effect=effect,
        measured=f"{measured}{part(hits, trials)} below {figure(limit)} {rule.unit}",
        required=f"{percent(rule.quantile)} of all below {figure(limit)} {rule.unit}",
    )


def limit_of(rule: GateRule, given: GateInput) -> Fraction:
    """The limit that values are held against. Raises ValueError if it lacks the baseline it needs."""
    if not rule.relative:
        return rule.threshold
    if given.baseline is None:
        raise ValueError(f"{rule.key}: a limit relative to a baseline needs the baseline.")
    return rule.threshold * given.baseline


def non_inferior(rule: GateRule, given: GateInput, level: Fraction) -> Claim:
    """On pairs, the new one's success is lower by less than the margin.

    Only discordant pairs tell them apart, as with McNemar (1947, Psychometrika 12:153): the difference is
    the share that only the new one seated less the share that only the old one did. Each share is bounded
    at half the level, so both hold together at the level, exactly and for any sample.
    """
    lost, pairs = _counts(given)
    won = given.reference_numerator or 0
    effect = _effect(rule, given)

    def worst(more: int, alpha: Fraction) -> Fraction:
        losses, gains = ceil(lost / effect), int(won / effect)
        effective = losses + gains + int((pairs + more - lost - won) / effect)
        return upper_bound(losses, effective, alpha / 2) - lower_bound(gains, effective, alpha / 2)

    def best(alpha: Fraction) -> Fraction:
        losses, gains = int(lost / effect), ceil(won / effect)
        effective = losses + gains + ceil((pairs - lost - won) / effect)
        return lower_bound(losses, effective, alpha / 2) - upper_bound(gains, effective, alpha / 2)

    low, high = -worst(0, level), -best(rule.alpha)
    difference = Fraction(won - lost, pairs)
    return Claim(
        holds=lambda more, alpha: worst(more, alpha) <= rule.threshold,
        refuted=-high >= rule.threshold,
        rate=difference,
        low=low,
        high=high,
        effect=effect,
        measured=f"{points(difference)} ({won:,} won, {lost:,} lost of {pairs:,} pairs), "
        f"from {points(low)} to {points(high)}",
        required=f"no more than {points(rule.threshold).lstrip('+')} lower",
    )


CLAIMS: Mapping[Kind, Callable[[GateRule, GateInput, Fraction], Claim]] = {
    Kind.RATE_AT_LEAST: rate_at_least,
    Kind.RATE_BELOW: rate_below,
    Kind.QUANTILE_BELOW: quantile_below,
    Kind.NON_INFERIOR: non_inferior,
}

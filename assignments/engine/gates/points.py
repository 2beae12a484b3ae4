"""The gates that state facts: counts, limits, floors, and whether a rate got significantly worse.

They say what is so, at any time; no look opens them. What is found good still waits for the rule's floors
(`verdicts`), and a value or ratio is not held against a phase before them either.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from assignments.engine.gates.claims import limit_of
from assignments.engine.gates.clusters import Effective, design_effect, fewer_hits, more_hits
from assignments.engine.gates.exact_tails import fisher
from assignments.engine.gates.rules import GateInput, GateRule, Kind, Verdict
from assignments.engine.gates.wording import duration, figure, part, percent


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What a fact makes of a gate, with the rate shown and why."""

    verdict: Verdict
    rate: Fraction | None = None
    effect: Fraction | None = None
    why: str


def _good(*, good: bool) -> Verdict:
    return Verdict.PASS if good else Verdict.FAIL


def count_below(rule: GateRule, given: GateInput) -> Finding:
    """Fewer than the threshold were counted."""
    count = given.numerator or 0
    allowed = "none allowed" if rule.threshold == 1 else f"below {figure(rule.threshold)} required"
    return Finding(verdict=_good(good=count < rule.threshold), why=f"{count:,}, {allowed}.")


def value_below(rule: GateRule, given: GateInput) -> Finding:
    """The measured value is below its limit; a limit relative to a baseline may be reached, "within 10 %"."""
    value, limit = given.measured or Fraction(0), limit_of(rule, given)
    return Finding(
        verdict=_good(good=value <= limit if rule.relative else value < limit),
        rate=value,
        why=f"{figure(value)} {rule.unit}, {'at most' if rule.relative else 'below'} "
        f"{figure(limit)} {rule.unit} required.",
    )


def ratio_within(rule: GateRule, given: GateInput) -> Finding:
    """Two counts of the same things agree. All are counted, so there is no bound."""
    counted, expected = given.numerator or 0, given.denominator or 1
    ratio = Fraction(counted, expected)
    return Finding(
        verdict=_good(good=abs(ratio - 1) <= rule.threshold),
        rate=ratio,
        why=f"{counted:,} for {expected:,}, {percent(ratio)}; within {percent(rule.threshold)} required.",
    )


def recovered(rule: GateRule, given: GateInput) -> Finding:
    """Nothing opened, or each opening was over within the threshold; one that lasts still is not settled."""
    openings, longest = given.numerator or 0, given.measured or Fraction(0)
    limit = f"{figure(rule.threshold)} s"
    if not openings:
        return Finding(verdict=Verdict.PASS, why="None.")
    why = f"{openings:,}, the longest {figure(longest)} s; under {limit} required."
    if longest >= rule.threshold:
        return Finding(verdict=Verdict.FAIL, why=why)
    if given.pending:
        return Finding(verdict=Verdict.INCONCLUSIVE, why=f"{given.pending:,} still open. {why}")
    return Finding(verdict=Verdict.PASS, why=why)


def floor(rule: GateRule, given: GateInput) -> Finding:
    """A minimum is reached; until then there is nothing wrong, only too little."""
    reached = given.numerator or 0
    verdict = Verdict.PASS if reached >= rule.threshold else Verdict.INCONCLUSIVE
    if rule.unit == "s":
        why = f"{duration(reached)} of {duration(int(rule.threshold))}."
    else:
        why = f"{reached:,} of {figure(rule.threshold)} {rule.unit}".rstrip() + "."
    return Finding(verdict=verdict, why=why)


def fact(_rule: GateRule, given: GateInput) -> Finding:
    """Something is so."""
    yes = bool(given.numerator)
    return Finding(verdict=_good(good=yes), why="Yes." if yes else "No.")


def not_lower(rule: GateRule, given: GateInput) -> Finding:
    """The rate is not significantly lower than the reference's: the misses are compared."""
    effect = _effect_of_both(rule, given)
    own = more_hits(given.numerator or 0, given.denominator or 0, effect)
    other = fewer_hits(given.reference_numerator or 0, given.reference_denominator or 0, effect)
    return _compared(rule, given, effect, _misses(own), _misses(other))


def not_higher(rule: GateRule, given: GateInput) -> Finding:
    """The rate is not significantly higher than the reference's."""
    effect = _effect_of_both(rule, given)
    own = fewer_hits(given.numerator or 0, given.denominator or 0, effect)
    other = more_hits(given.reference_numerator or 0, given.reference_denominator or 0, effect)
    return _compared(rule, given, effect, own, other)


def _effect_of_both(rule: GateRule, given: GateInput) -> Fraction:
    if not rule.clustered:
        return Fraction(1)
    return max(design_effect(given.shares), design_effect(given.reference_shares))


def _misses(counts: Effective) -> Effective:
    return Effective(hits=counts.trials - counts.hits, trials=counts.trials)


def _compared(
    rule: GateRule, given: GateInput, effect: Fraction, own: Effective, other: Effective
) -> Finding:
    """One-sided test of Fisher on effective counts that are rounded towards no difference."""
    chance = fisher(own.hits, own.trials, other.hits, other.trials)
    worse = chance <= rule.alpha
    rate = Fraction(given.numerator or 0, given.denominator or 1)
    before = Fraction(given.reference_numerator or 0, given.reference_denominator or 1)
    verdict = "significantly worse" if worse else "not significantly worse"
    return Finding(
        verdict=_good(good=not worse),
        rate=rate,
        effect=effect,
        why=f"{percent(rate)} ({part(given.numerator or 0, given.denominator or 0)}) after "
        f"{percent(before)}: {verdict}, p = {float(chance):.3f}.",
    )


POINTS: Mapping[Kind, Callable[[GateRule, GateInput], Finding]] = {
    Kind.COUNT_BELOW: count_below,
    Kind.VALUE_BELOW: value_below,
    Kind.RATIO_WITHIN: ratio_within,
    Kind.RECOVERED: recovered,
    Kind.FLOOR: floor,
    Kind.FACT: fact,
    Kind.NOT_LOWER: not_lower,
    Kind.NOT_HIGHER: not_higher,
}

"""A gate's verdict, from nothing but stored records: whoever has them comes to the same one.

The first that applies: ERROR (not measured, or numbers that contradict each other), STALE (older than the
rule allows), NO_DATA (nothing counted yet), FAIL (the bound on the other side is on the wrong side; looks
all the time), INCONCLUSIVE (not proven, floors not met, or proven between looks), PASS.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from assignments.engine.gates.claims import CLAIMS, Claim
from assignments.engine.gates.clusters import Share
from assignments.engine.gates.exact_tails import fewest_more
from assignments.engine.gates.looks import Look
from assignments.engine.gates.points import POINTS
from assignments.engine.gates.rules import GateInput, GateResult, GateRule, Kind, Verdict
from assignments.engine.gates.wording import bookings

#: What a phase is as a whole: the first of these that one of its gates is.
WORST_FIRST = (
    Verdict.FAIL,
    Verdict.ERROR,
    Verdict.STALE,
    Verdict.NO_DATA,
    Verdict.INCONCLUSIVE,
    Verdict.PASS,
)

_SHARES = {Kind.RATE_AT_LEAST, Kind.RATE_BELOW, Kind.QUANTILE_BELOW, Kind.NON_INFERIOR}
_COMPARED = {Kind.NOT_LOWER, Kind.NOT_HIGHER}
#: Of few bookings these say little either way: they count from the floors on.
_UNSTEADY = {Kind.VALUE_BELOW, Kind.RATIO_WITHIN}
_COUNTED = {Kind.COUNT_BELOW, Kind.RECOVERED, Kind.FLOOR, Kind.FACT}


@dataclass(frozen=True, kw_only=True, slots=True)
class Earned:
    """An earlier look and what it was given. If it passed, its PASS lasts while its own level still holds:
    a gate that passes later without an open look is one that passed then, so no alpha is spent."""

    given: GateInput
    look: Look


def decide(rule: GateRule, given: GateInput, look: Look, earned: Earned | None = None) -> GateResult:
    """The verdict of one gate. Exact, so the same everywhere; contradictory input is an ERROR."""
    barred = _barred(rule, given)
    if barred is not None:
        return _result(rule, given, verdict=barred[0], sentence=barred[1])
    if rule.kind in CLAIMS:
        return _settled(rule, given, look, _standing(rule, earned))
    return _stated(rule, given)


def overall(results: Iterable[GateResult]) -> Verdict:
    """The verdict of all gates together: PASS only if each is. Without any gate there is no data."""
    verdicts = {result.verdict for result in results}
    return next((verdict for verdict in WORST_FIRST if verdict in verdicts), Verdict.NO_DATA)


def _barred(rule: GateRule, given: GateInput) -> tuple[Verdict, str] | None:
    if given.error:
        return Verdict.ERROR, f"Not measured: {given.error}"
    fault = next(_contradictions(rule, given), None)
    if fault is not None:
        return Verdict.ERROR, fault
    if given.age_seconds > rule.stale_after:
        return Verdict.STALE, f"Measured {given.age_seconds:,} s ago; {rule.stale_after:,} s is the limit."
    lacking = next(_lacking(rule, given), None)
    return None if lacking is None else (Verdict.NO_DATA, lacking)


def _contradictions(rule: GateRule, given: GateInput) -> Iterator[str]:
    counts = (
        given.age_seconds, given.numerator, given.denominator, given.reference_numerator,
        given.reference_denominator, given.pending,
    )  # fmt: skip
    if any(count is not None and count < 0 for count in (*counts, given.measured, given.baseline)):
        yield "A count, a value or an age is negative."
    if rule.kind in _SHARES | _COMPARED:
        yield from _not_a_part("", given.numerator, given.denominator, given.shares)
    if rule.kind in _COMPARED:
        reference = given.reference_numerator, given.reference_denominator
        yield from _not_a_part("reference ", *reference, given.reference_shares)
    if rule.kind is Kind.NON_INFERIOR and given.denominator is not None:
        discordant = (given.numerator or 0) + (given.reference_numerator or 0)
        if discordant > given.denominator:
            yield f"{discordant:,} pairs differ, of {given.denominator:,} pairs."


def _not_a_part(
    name: str, numerator: int | None, denominator: int | None, shares: tuple[Share, ...]
) -> Iterator[str]:
    if numerator is not None and denominator is not None and numerator > denominator:
        yield f"The {name}numerator {numerator:,} is above the denominator {denominator:,}."
    if any(not 0 <= share.hits <= share.trials for share in shares):
        yield f"A restaurant's {name}counts contradict each other."
    summed = sum(share.hits for share in shares), sum(share.trials for share in shares)
    if shares and summed != (numerator, denominator):
        yield f"The restaurants' {name}counts add up to {summed[0]:,} of {summed[1]:,}, not to the total."


def _lacking(rule: GateRule, given: GateInput) -> Iterator[str]:
    if rule.kind is not Kind.VALUE_BELOW and given.numerator is None:
        yield "Nothing was counted."
    if rule.kind not in _COUNTED | {Kind.VALUE_BELOW} and not given.denominator:
        yield "There was nothing to count."
    if rule.kind in _COMPARED and (given.reference_numerator is None or not given.reference_denominator):
        yield "There is no previous phase to compare with."
    if rule.kind is Kind.NON_INFERIOR and given.reference_numerator is None:
        yield "The pairs were not counted."
    if rule.kind is Kind.VALUE_BELOW and given.measured is None:
        yield "Nothing was measured."
    if rule.kind is Kind.RECOVERED and given.numerator and given.measured is None:
        yield "How long they lasted was not measured."
    if rule.relative and given.baseline is None:
        yield "There is no baseline."


def _standing(rule: GateRule, earned: Earned | None) -> Look | None:
    """The earlier look, if the gate passed at it."""
    if earned is None or not earned.look.open:
        return None
    return earned.look if decide(rule, earned.given, earned.look).verdict is Verdict.PASS else None


def _settled(rule: GateRule, given: GateInput, look: Look, standing: Look | None) -> GateResult:
    share = look.share if standing is None else max(look.share, standing.share)
    level = rule.alpha * share
    claim = CLAIMS[rule.kind](rule, given, level)
    proven = claim.holds(0, level)
    more = 0 if proven else fewest_more(lambda more: claim.holds(more, level))
    if more is not None:
        more = max(more, rule.floors.bookings - given.reached.bookings)
    waits = _waits(rule, given, look, more, may_pass=look.open or standing is not None)
    verdict = Verdict.FAIL if claim.refuted else Verdict.INCONCLUSIVE if waits else Verdict.PASS
    says = {Verdict.FAIL: "On the wrong side.", Verdict.PASS: "Settled."}.get(verdict, waits)
    return _result(
        rule,
        given,
        verdict=verdict,
        claim=claim,
        needed=more if verdict is Verdict.INCONCLUSIVE else None,
        sentence=f"{claim.measured}; {claim.required} required. {says}",
    )


def _waits(rule: GateRule, given: GateInput, look: Look, more: int | None, *, may_pass: bool) -> str:
    """What an unrefuted claim still waits for, in words; nothing if it passes."""
    if more is None:
        return "No number of clean bookings would settle it."
    if more:
        return f"{bookings(more)} would settle it."
    missing = rule.floors.missing(given.reached)
    if missing:
        return f"Enough, but the minimum of {' and '.join(missing)} is not reached."
    return "" if may_pass else f"Enough; look {look.number} is not due yet."


def _stated(rule: GateRule, given: GateInput) -> GateResult:
    finding = POINTS[rule.kind](rule, given)
    missing = rule.floors.missing(given.reached)
    held = bool(missing) and (finding.verdict is Verdict.PASS or rule.kind in _UNSTEADY)
    return GateResult(
        key=rule.key,
        verdict=Verdict.INCONCLUSIVE if held else finding.verdict,
        numerator=given.numerator,
        denominator=given.denominator,
        rate=finding.rate,
        bound_low=None,
        bound_high=None,
        threshold=rule.threshold,
        design_effect=finding.effect,
        needed=None,
        sentence=f"{finding.why} The minimum of {' and '.join(missing)} is not reached."
        if held
        else finding.why,
    )


def _result(
    rule: GateRule,
    given: GateInput,
    *,
    verdict: Verdict,
    sentence: str,
    claim: Claim | None = None,
    needed: int | None = None,
) -> GateResult:
    return GateResult(
        key=rule.key,
        verdict=verdict,
        numerator=given.numerator,
        denominator=given.denominator,
        rate=claim.rate if claim else None,
        bound_low=claim.low if claim else None,
        bound_high=claim.high if claim else None,
        threshold=rule.threshold,
        design_effect=claim.effect if claim else None,
        needed=needed,
        sentence=sentence,
    )

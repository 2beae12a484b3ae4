"""Gates about what became of bookings: rates, shadow comparisons, states, and the phase before."""

from collections.abc import Mapping
from dataclasses import replace

from assignments.engine.gates.clusters import Share
from assignments.engine.gates.rules import GateInput
from assignments.rollout.gates.seen import Seen, shares
from observability.metrics import flow, rates
from observability.metrics.rates import Rate


def confirmation(seen: Seen) -> GateInput:
    return of_shares(seen, seen.confirmed)


def review(seen: Seen) -> GateInput:
    return of_shares(seen, seen.reviewed)


def errors(seen: Seen) -> GateInput:
    return of_shares(seen, seen.failed)


def shadow_coverage(seen: Seen) -> GateInput:
    return of_shares(seen, shares((row.compared, row.eligible) for row in seen.compared))


def shadow_success(seen: Seen) -> GateInput:
    """Pairs: those only legacy seated, and those only V3 did."""
    lost = of_shares(seen, shares((row.only_legacy, row.pairs) for row in seen.compared))
    won = sum(row.only_v3 for row in seen.compared)
    return replace(lost, reference_numerator=won, reference_denominator=lost.denominator)


def candidate_errors(seen: Seen) -> GateInput:
    return of_count(seen, sum(row.failed for row in seen.compared))


def unclassified(seen: Seen) -> GateInput:
    """Comparisons of a class nobody knows, and runs that have none although they should by now."""
    return of_count(seen, sum(row.unclassified + row.waiting for row in seen.compared))


def transitions(seen: Seen) -> GateInput:
    return of_rate(seen, rates.match(seen.window))


def final_states(seen: Seen) -> GateInput:
    return of_shares(seen, shares_of(flow.final_by_restaurant(seen.window)))


def confirmation_before(seen: Seen) -> GateInput:
    return _compared(seen, seen.confirmed, seen.previous.confirmed if seen.previous else ())


def review_before(seen: Seen) -> GateInput:
    return _compared(seen, seen.reviewed, seen.previous.reviewed if seen.previous else ())


def errors_before(seen: Seen) -> GateInput:
    return _compared(seen, seen.failed, seen.previous.failed if seen.previous else ())


def of_rate(seen: Seen, rate: Rate) -> GateInput:
    return GateInput(
        age_seconds=seen.age_seconds,
        reached=seen.reached,
        numerator=rate.numerator,
        denominator=rate.denominator,
    )


def of_count(seen: Seen, count: int, *, of: int | None = None) -> GateInput:
    return GateInput(age_seconds=seen.age_seconds, reached=seen.reached, numerator=count, denominator=of)


def of_shares(seen: Seen, counted: tuple[Share, ...]) -> GateInput:
    hits, trials = _totals(counted)
    return GateInput(
        age_seconds=seen.age_seconds, reached=seen.reached, numerator=hits, denominator=trials, shares=counted
    )


def shares_of(by_restaurant: Mapping[int, Rate]) -> tuple[Share, ...]:
    return shares((rate.numerator, rate.denominator) for rate in by_restaurant.values())


def _compared(seen: Seen, counted: tuple[Share, ...], before: tuple[Share, ...]) -> GateInput:
    hits, trials = _totals(counted)
    hits_before, trials_before = _totals(before)
    return GateInput(
        age_seconds=seen.age_seconds,
        reached=seen.reached,
        numerator=hits,
        denominator=trials,
        shares=counted,
        reference_numerator=hits_before,
        reference_denominator=trials_before,
        reference_shares=before,
    )


def _totals(counted: tuple[Share, ...]) -> tuple[int, int]:
    return sum(share.hits for share in counted), sum(share.trials for share in counted)

"""From raw latencies to what a quantile's gate is given: counts below the limit, the quantile, its bound."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from math import ceil

from assignments.engine.gates.claims import limit_of
from assignments.engine.gates.clusters import Share, design_effect
from assignments.engine.gates.exact_tails import quantile_rank
from assignments.engine.gates.looks import Look
from assignments.engine.gates.rules import GateInput, GateRule


def timed(
    rule: GateRule, given: GateInput, values: Sequence[Sequence[int | Fraction]], look: Look
) -> GateInput:
    """The input with the counts of `values`, milliseconds restaurant by restaurant.

    Raises ValueError for a limit relative to a baseline that `given` lacks.
    """
    limit = limit_of(rule, given)
    shares = tuple(Share(hits=sum(v < limit for v in each), trials=len(each)) for each in values if each)
    ordered = sorted(value for each in values for value in each)
    rank = ceil(rule.quantile * len(ordered))
    return replace(
        given,
        numerator=sum(share.hits for share in shares),
        denominator=len(ordered),
        shares=shares,
        measured=Fraction(ordered[rank - 1]) if ordered else None,
        bound=_bound(rule, shares, ordered, look),
    )


def _bound(
    rule: GateRule, shares: tuple[Share, ...], ordered: Sequence[int | Fraction], look: Look
) -> Fraction | None:
    """The value that bounds the quantile from above; of fewer values in effect, at the same place."""
    effect = design_effect(shares) if rule.clustered else Fraction(1)
    effective = int(len(ordered) / effect)
    rank = quantile_rank(effective, rule.quantile, rule.alpha * look.share)
    return None if rank is None else Fraction(ordered[ceil(Fraction(rank * len(ordered), effective)) - 1])

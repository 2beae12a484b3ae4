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
    rule: GateRule, given: GateInput, values: Sequence[Sequence[int]], look: Look, *, scale: int = 1
) -> GateInput:
    """The input with the counts of `values`, by restaurant and in whole `scale`-ths of the rule's unit.

    Whole numbers, because a phase has a million of them and fractions are slow to compare. Raises
    ValueError for a limit relative to a baseline that `given` lacks.
    """
    limit = limit_of(rule, given) * scale
    shares = tuple(Share(hits=_below(each, limit), trials=len(each)) for each in values if each)
    ordered = sorted(value for each in values for value in each)
    rank = ceil(rule.quantile * len(ordered))
    bound = _bound(rule, shares, ordered, look)
    return replace(
        given,
        numerator=sum(share.hits for share in shares),
        denominator=len(ordered),
        shares=shares,
        measured=Fraction(ordered[rank - 1], scale) if ordered else None,
        bound=None if bound is None else Fraction(bound, scale),
    )


def _below(values: Sequence[int], limit: Fraction) -> int:
    """How many are below the limit: whole numbers are if they are below its ceiling."""
    least_over = ceil(limit)
    return sum(value < least_over for value in values)


def _bound(rule: GateRule, shares: tuple[Share, ...], ordered: Sequence[int], look: Look) -> int | None:
    """The value that bounds the quantile from above; of fewer values in effect, at the same place."""
    effect = design_effect(shares) if rule.clustered else Fraction(1)
    effective = int(len(ordered) / effect)
    rank = quantile_rank(effective, rule.quantile, rule.alpha * look.share)
    return None if rank is None else ordered[ceil(Fraction(rank * len(ordered), effective)) - 1]

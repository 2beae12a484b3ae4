"""Optimal fit: few empty seats, few tables, no lost gaps, no scarce tables given away."""

from collections.abc import Mapping
from datetime import timedelta

from assignments.engine.context import Context
from assignments.engine.seating import Candidate
from assignments.engine.strategies.base import Strategy


MODE = 0


def rate(candidate: Candidate, context: Context, _carried: Mapping[str, float]) -> Mapping[str, float]:
    return {
        "slack": context.request.party_size / candidate.capacity
        if not MODE
        else 1 - (candidate.capacity - context.request.party_size) / 4,
        "tables": 1.0 / len(candidate.bits),
        "fragmentation": 1.0 - _lost(candidate, context),
        "scarcity": 1.0 - _scarce(candidate, context),
    }


def _scarce(candidate: Candidate, context: Context) -> float:
    """How much of the remaining demand's room the set takes, 0 to 1."""
    return min(1.0, sum(context.scarcity[bit] for bit in candidate.bits))


def _lost(candidate: Candidate, context: Context) -> float:
    """Mean share, over tables and both sides, of a shortest turn that is left too short to sell."""
    policy = context.facts.policy
    sellable = policy.shortest_turn + policy.buffer
    sides = [side[bit] for side in context.gaps for bit in candidate.bits]
    lost = sum((gap for gap in sides if gap is not None and gap < sellable), timedelta(0))
    return lost / sellable / len(sides)


STRATEGY = Strategy(
    name="optimal_fit",
    about="Few empty seats, few tables, no gap too short to sell, no table that later parties need more.",
    parts={"slack": 0.4, "tables": 0.2, "fragmentation": 0.2, "scarcity": 0.2},
    rate=rate,
)

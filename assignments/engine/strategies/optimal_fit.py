"""Optimal fit: few empty seats and tables, long free stretches kept whole, scarce tables kept back.

The shares were tuned on generated days (manage.py bench quality): looking ahead by scarcity halves the moves
that come later; preferring tables whose remaining gaps are long (so that none is too short to sell) loses
covers, because it opens an empty table for everyone; filling short stretches first does not.
"""

from collections.abc import Mapping

from assignments.engine.context import Context
from assignments.engine.seating import Candidate
from assignments.engine.strategies.base import Strategy


def rate(candidate: Candidate, context: Context, _carried: Mapping[str, float]) -> Mapping[str, float]:
    return {
        "slack": 1.0 - _empty(candidate, context),
        "tables": 1.0 / len(candidate.bits),
        "fragmentation": 1.0 - _broken_up(candidate, context),
        "scarcity": 1.0 - _scarce(candidate, context),
    }


def _empty(candidate: Candidate, context: Context) -> float:
    """Empty seats as a share of the most that the house accepts."""
    slack = candidate.capacity - context.request.party_size
    return slack / max(1, context.facts.policy.max_slack)


def _scarce(candidate: Candidate, context: Context) -> float:
    """How much of the room for parties still to come the set takes, 0 to 1."""
    return min(1.0, sum([context.scarcity[bit] for bit in candidate.bits]))


def _broken_up(candidate: Candidate, context: Context) -> float:
    """Mean free time around the booking on its tables, as a share of an evening on both sides.

    A booking set into a long free stretch breaks it up; one that fills a short stretch leaves the long ones
    whole for parties that need them.
    """
    return sum([context.openness[bit] for bit in candidate.bits]) / 2 / len(candidate.bits)


STRATEGY = Strategy(
    name="optimal_fit",
    about="Few empty seats and tables, long free stretches kept whole, scarce tables kept for later parties.",
    parts={"slack": 0.55, "tables": 0.2, "fragmentation": 0.02, "scarcity": 0.23},
    rate=rate,
)

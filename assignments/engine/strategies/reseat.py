"""Reseat: when nothing is free, other bookings are moved; the fewer, the better.

The plans themselves come from the solver (assignments.engine.reseat); a direct fit moves nobody.
"""

from collections.abc import Mapping

from assignments.engine.context import Context
from assignments.engine.seating import Candidate
from assignments.engine.strategies.base import Strategy


def rate(_candidate: Candidate, _context: Context, _carried: Mapping[str, float]) -> Mapping[str, float]:
    return {"moves": 1.0}


def with_moves(breakdown: Mapping[str, float], moves: int) -> dict[str, float]:
    """The breakdown of a plan that moves this many bookings: `moves` shrinks to 1 / (1 + moves) of it."""
    return {name: value / (1 + moves) if name == "moves" else value for name, value in breakdown.items()}


STRATEGY = Strategy(
    name="reseat",
    about="Nobody is moved without need, and then as few bookings as possible.",
    parts={"moves": 1.0},
    rate=rate,
)

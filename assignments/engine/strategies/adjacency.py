"""Adjacency: joined tables should stand close together and leave their neighbours joinable."""

from collections.abc import Mapping

from assignments.engine.context import Context
from assignments.engine.seating import Candidate, bits_of
from assignments.engine.strategies.base import Strategy


def rate(candidate: Candidate, context: Context, _carried: Mapping[str, float]) -> Mapping[str, float]:
    return {"compactness": _compactness(candidate), "neighbours": 1.0 - _stranded(candidate, context)}


def _compactness(candidate: Candidate) -> float:
    """1 for a single table or a set in which each touches each; less for long chains."""
    size = len(candidate.bits)
    return 1.0 if size == 1 else candidate.links / (size * (size - 1) / 2)


def _stranded(candidate: Candidate, context: Context) -> float:
    """Share of the free neighbouring tables that would have no free neighbour left to join with."""
    near = context.index.neighbours
    taken = context.busy | candidate.mask
    beside = 0
    for bit in candidate.bits:
        beside |= near[bit]
    around = bits_of(beside & ~taken)
    if not around:
        return 0.0
    return sum(1 for bit in around if not near[bit] & ~taken) / len(around)


STRATEGY = Strategy(
    name="adjacency",
    about="Joined tables stand close together; tables left free keep a neighbour to be joined with.",
    parts={"compactness": 0.75, "neighbours": 0.25},
    rate=rate,
)

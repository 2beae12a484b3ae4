"""Rates free sets by the policy's strategies and ranks them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assignments.engine.context import Context
from assignments.engine.seating import Candidate
from assignments.engine.strategies import weighted
from assignments.engine.strategies.base import Strategy

DIGITS = 9
"""Scores are rounded so that ties are ties, whatever order sums were taken in."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scored:
    """A set with its score (0 to 1, 1 best), its parts by component and by strategy (each sums to it)."""

    candidate: Candidate
    score: float
    breakdown: Mapping[str, float]
    carried: Mapping[str, float]


def scored(candidates: Sequence[Candidate], context: Context) -> list[Scored]:
    """All candidates, best first; ties go to fewer tables, less capacity, then sorted ids."""
    strategies = weighted(context.facts.policy)
    total = sum(weight for _, weight in strategies) or 1.0
    weights = [
        (strategy, [(name, weight / total * part) for name, part in strategy.parts.items()])
        for strategy, weight in strategies
    ]
    found = [_scored(candidate, context, weights) for candidate in candidates]
    found.sort(key=_rank)
    return found


def averages(among: Sequence[Scored]) -> Mapping[str, float]:
    """What each strategy contributes on average."""
    return {name: sum([item.carried[name] for item in among]) / len(among) for name in among[0].carried}


def lifting(best: Scored, average: Mapping[str, float]) -> str:
    """The strategy that lifts a plan furthest above the average of those considered: the one that decided.

    Without alternatives, or when nothing differs, it is the policy's first.
    """
    lifts = {name: round(value - average[name], DIGITS) for name, value in best.carried.items()}
    return max(lifts, key=lambda name: lifts[name], default="none")


Weights = list[tuple[Strategy, list[tuple[str, float]]]]
"""Each strategy with its components and what each of them weighs in the score."""


def _scored(candidate: Candidate, context: Context, weights: Weights) -> Scored:
    breakdown: dict[str, float] = {}
    carried: dict[str, float] = {}
    for strategy, parts in weights:
        rates = strategy.rate(candidate, context, carried)
        contributed = 0.0
        for name, weight in parts:
            value = breakdown[name] = weight * rates[name]
            contributed += value
        carried[strategy.name] = contributed
    return Scored(
        candidate=candidate, score=round(sum(carried.values()), DIGITS), breakdown=breakdown, carried=carried
    )


def _rank(item: Scored) -> tuple[float, int, int, tuple[int, ...]]:
    return (-item.score, len(item.candidate.bits), item.candidate.capacity, item.candidate.bits)

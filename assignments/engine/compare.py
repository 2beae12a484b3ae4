"""Compares what two planners made of the same frozen facts: each pair of answers is of exactly one class.

Scores of both plans come from one yardstick, ours; the classes are those of a shadow run. Legacy against
legacy on the same facts, classed in the same way, is the noise floor.
"""

from dataclasses import dataclass
from enum import StrEnum

from assignments.engine.ids import Id, in_order
from assignments.engine.plans import Plan

SAME_SCORE = 1e-9
"""Scores closer than this are equal: they are rounded to nine digits."""


class Comparison(StrEnum):
    """How the candidate's answer stands to the one that counted."""

    MATCH = "match"  # same tables, nobody moved
    EQUIVALENT = "equivalent"  # other tables, same score
    BETTER = "better"
    WORSE = "worse"
    LEGACY_ONLY = "legacy_only"  # the candidate found no seating
    V3_ONLY = "v3_only"  # legacy found no seating
    BOTH_FAILED = "both_failed"
    CANDIDATE_ERROR = "candidate_error"
    TIMEOUT = "timeout"  # the candidate took longer than its budget
    SKIPPED = "skipped"  # the candidate was not asked
    UNCLASSIFIED = "unclassified"  # the answer that counted was no answer to these facts


class Ending(StrEnum):
    """How a planner's run ended. A race lost at commit says nothing about the plan: it is an error here."""

    SEATED = "seated"
    UNSEATED = "unseated"
    ERROR = "error"
    TIMEOUT = "timeout"
    NOT_RUN = "not_run"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A planner's answer; tables, score and number of moves only if it is SEATED."""

    ending: Ending
    tables: tuple[Id, ...] = ()
    score: float = 0.0
    moves: int = 0


def answer_of(plan: Plan | None) -> Answer:
    """A plan, or the lack of one, as an answer."""
    if plan is None:
        return Answer(ending=Ending.UNSEATED)
    return Answer(ending=Ending.SEATED, tables=in_order(plan.tables), score=plan.score, moves=len(plan.moves))


_NO_CANDIDATE = {
    Ending.NOT_RUN: Comparison.SKIPPED,
    Ending.ERROR: Comparison.CANDIDATE_ERROR,
    Ending.TIMEOUT: Comparison.TIMEOUT,
}
_ONE_SIDED = {
    (Ending.SEATED, Ending.UNSEATED): Comparison.LEGACY_ONLY,
    (Ending.UNSEATED, Ending.SEATED): Comparison.V3_ONLY,
    (Ending.UNSEATED, Ending.UNSEATED): Comparison.BOTH_FAILED,
}


def classify(*, legacy: Answer, v3: Answer) -> Comparison:
    """The class of a pair of answers. Total: what fits no other class is `unclassified`."""
    if v3.ending in _NO_CANDIDATE:
        return _NO_CANDIDATE[v3.ending]
    if legacy.ending in _NO_CANDIDATE:
        return Comparison.UNCLASSIFIED
    one_sided = _ONE_SIDED.get((legacy.ending, v3.ending))
    return one_sided or _both_seated(legacy, v3)


def _both_seated(legacy: Answer, v3: Answer) -> Comparison:
    if in_order(legacy.tables) == in_order(v3.tables) and legacy.moves == v3.moves == 0:
        return Comparison.MATCH
    gain = v3.score - legacy.score
    if abs(gain) < SAME_SCORE:
        return Comparison.EQUIVALENT
    if gain > 0:
        return Comparison.BETTER
    # A score that is no number compares with nothing.
    return Comparison.WORSE if gain < 0 else Comparison.UNCLASSIFIED

"""The classes of a comparison: every pair of answers is of one, and of one only."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignments.engine.compare import SAME_SCORE, Answer, Comparison, Ending, answer_of, classify
from assignments.engine.plans import Move, Plan

SCORES = st.floats(0, 1) | st.sampled_from([0.5, 0.5 + SAME_SCORE / 10, math.nan, math.inf])
TABLES = st.lists(st.integers(1, 4), min_size=1, max_size=3, unique=True).map(tuple)


def seated(*tables: int, score: float = 0.5, moves: int = 0) -> Answer:
    return Answer(ending=Ending.SEATED, tables=tables, score=score, moves=moves)


UNSEATED = Answer(ending=Ending.UNSEATED)
ANSWERS = st.one_of(
    st.builds(
        Answer, ending=st.just(Ending.SEATED), tables=TABLES, score=SCORES, moves=st.sampled_from([0, 0, 1])
    ),
    st.sampled_from(list(Ending)).filter(lambda e: e is not Ending.SEATED).map(lambda e: Answer(ending=e)),
)

#: A planner looked at the facts and came to an answer.
ANSWERED = {Ending.SEATED, Ending.UNSEATED}


def fitting(legacy: Answer, v3: Answer) -> set[Comparison]:
    """The classes whose definition holds, each told without the others."""
    answered = {legacy.ending, v3.ending} <= ANSWERED
    both = legacy.ending == v3.ending == Ending.SEATED
    same = set(legacy.tables) == set(v3.tables) and not legacy.moves and not v3.moves
    number = math.isfinite(v3.score - legacy.score) or math.isinf(v3.score - legacy.score)
    close = number and abs(v3.score - legacy.score) < SAME_SCORE
    holds = {
        Comparison.MATCH: both and same,
        Comparison.EQUIVALENT: both and not same and close,
        Comparison.BETTER: both and not same and not close and v3.score > legacy.score,
        Comparison.WORSE: both and not same and not close and v3.score < legacy.score,
        Comparison.LEGACY_ONLY: legacy.ending is Ending.SEATED and v3.ending is Ending.UNSEATED,
        Comparison.V3_ONLY: legacy.ending is Ending.UNSEATED and v3.ending is Ending.SEATED,
        Comparison.BOTH_FAILED: legacy.ending == v3.ending == Ending.UNSEATED,
        Comparison.CANDIDATE_ERROR: v3.ending is Ending.ERROR,
        Comparison.TIMEOUT: v3.ending is Ending.TIMEOUT,
        Comparison.SKIPPED: v3.ending is Ending.NOT_RUN,
        Comparison.UNCLASSIFIED: (v3.ending in ANSWERED and not answered)
        or (both and not same and not number),
    }
    return {name for name, true in holds.items() if true}


@given(legacy=ANSWERS, v3=ANSWERS)
def test_each_pair_of_answers_is_of_exactly_one_class(legacy: Answer, v3: Answer) -> None:
    assert fitting(legacy, v3) == {classify(legacy=legacy, v3=v3)}


def test_every_class_occurs() -> None:
    lost = Answer(ending=Ending.ERROR)
    pairs = [
        (seated(1), seated(1)),
        (seated(1), seated(2)),
        (seated(1, score=0.4), seated(2, score=0.6)),
        (seated(1, score=0.6), seated(2, score=0.4)),
        (seated(1), UNSEATED),
        (UNSEATED, seated(1)),
        (UNSEATED, UNSEATED),
        (seated(1), Answer(ending=Ending.ERROR)),
        (seated(1), Answer(ending=Ending.TIMEOUT)),
        (seated(1), Answer(ending=Ending.NOT_RUN)),
        (lost, seated(1)),
    ]
    assert [classify(legacy=legacy, v3=v3) for legacy, v3 in pairs] == list(Comparison)


MIRRORED = {
    Comparison.BETTER: Comparison.WORSE,
    Comparison.WORSE: Comparison.BETTER,
    Comparison.LEGACY_ONLY: Comparison.V3_ONLY,
    Comparison.V3_ONLY: Comparison.LEGACY_ONLY,
}


@given(
    one=ANSWERS.filter(lambda a: a.ending in ANSWERED), other=ANSWERS.filter(lambda a: a.ending in ANSWERED)
)
def test_exchanging_the_planners_mirrors_the_class(one: Answer, other: Answer) -> None:
    found = classify(legacy=one, v3=other)
    assert classify(legacy=other, v3=one) == MIRRORED.get(found, found)


@given(answer=ANSWERS.filter(lambda a: a.ending in ANSWERED and a.moves == 0))
def test_a_planner_agrees_with_itself(answer: Answer) -> None:
    assert classify(legacy=answer, v3=answer) in {Comparison.MATCH, Comparison.BOTH_FAILED}


def test_the_same_tables_after_moving_somebody_are_no_match() -> None:
    assert classify(legacy=seated(1), v3=seated(1, moves=1)) == Comparison.EQUIVALENT


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_the_order_of_tables_does_not_matter(order: tuple[int, int]) -> None:
    assert classify(legacy=seated(1, 2), v3=seated(*order)) == Comparison.MATCH


def test_a_plan_and_its_lack_are_answers() -> None:
    move = Move(booking=7, from_tables=(1,), to_tables=(2,))
    plan = Plan(tables=(2, 1), strategy="reseat", score=0.25, breakdown={}, moves=(move,))
    assert answer_of(plan) == seated(1, 2, score=0.25, moves=1)
    assert answer_of(None) == UNSEATED

"""The relaxed evening, solved as departures from today's seating, against the plain programme."""

from collections.abc import Iterator

import numpy as np
import pytest
from scipy.optimize import linprog

from assignments.benchmarks.engine_speed import crowded_evening
from assignments.engine.bound import tangled_bookings
from assignments.engine.day import arriving
from assignments.engine.decide import context_of, decide
from assignments.engine.problem import Problem, problem_of
from assignments.engine.relaxation import UNSEATED, Evening, relaxed_evening


def refused_directly() -> Iterator[Problem]:
    """Every second problem of an evening for which more is asked than fits."""
    steps = arriving(crowded_evening(12, 60), decide, {})
    problems = [
        problem_of(context_of(step.facts, step.arrival.request))
        for step in steps
        if step.decision.rung in ("bound", "reseat")
    ]
    yield from [item for item in problems if all(party.options for party in item.parties)][::2]


PROBLEMS = list(refused_directly())


def plain_cost(problem: Problem, forced: tuple[int, int] | None = None) -> float:
    """One variable per party and option; `forced` (place, option) must be used whole."""
    seats = [(place, option) for place, party in enumerate(problem.parties) for option in party.options]
    worst = sum(max(option.slack for option in party.options) for party in problem.parties)
    costs = [
        0.5 / (1 + worst) * option.slack
        + (place > 0 and option.mask != problem.parties[place].stay)
        - UNSEATED
        for place, option in seats
    ]
    rows = [[float(place == owner) for owner, _ in seats] for place in range(len(problem.parties))]
    for instant in problem.instants():
        inside = [party.at(instant) for party in problem.parties]
        bits = {bit for place, option in seats if inside[place] for bit in option.bits}
        rows += [[float(inside[place] and bit in option.bits) for place, option in seats] for bit in bits]
    least = np.zeros(len(seats))
    if forced:
        place, number = forced
        least[sum(len(party.options) for party in problem.parties[:place]) + number] = 1.0
    solved = linprog(
        costs, A_ub=np.array(rows), b_ub=np.ones(len(rows)), bounds=[(low, None) for low in least]
    )
    return solved.fun + UNSEATED * len(problem.parties) if solved.fun is not None else float("inf")


def relaxed(problem: Problem) -> Evening:
    evening = relaxed_evening(problem, tangled_bookings(problem.parties))
    assert evening is not None
    return evening


def test_the_problems_are_of_both_kinds() -> None:
    """Otherwise the comparisons below would be about half of the matter."""
    assert {relaxed(problem).seats_all for problem in PROBLEMS} == {True, False}


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_optimum_is_that_of_the_plain_programme(problem: Problem) -> None:
    assert relaxed(problem).cost == pytest.approx(plain_cost(problem), abs=1e-4)


@pytest.mark.parametrize("problem", PROBLEMS[:4])
def test_an_option_costs_at_least_its_excess(problem: Problem) -> None:
    evening = relaxed(problem)
    for place in (0, len(problem.parties) // 2, len(problem.parties) - 1):
        for number, excess in enumerate(evening.excess[place]):
            assert excess >= -1e-6
            assert plain_cost(problem, (place, number)) >= evening.cost + excess - 1e-4


def test_the_relaxation_gives_up_after_its_steps() -> None:
    hardest = max(PROBLEMS, key=lambda problem: len(problem.parties))
    assert relaxed_evening(hardest, tangled_bookings(hardest.parties), most_steps=1) is None

"""Whole phases drawn at random: how often a pipeline passes that should not, and one that should.

Seeded. A phase is 14 days of 100 bookings, looked at once a day.
"""

from functools import cache

import numpy as np
import pytest

from assignments.engine.gates.looks import Look
from assignments.engine.gates.rules import Kind, Verdict
from tests.unit.engine.gates.builders import given, rule, shares, summed, verdict

PHASES, DAYS, A_DAY = 2_000, 14, 100
GATE = rule(Kind.RATE_AT_LEAST, "0.95")


@cache
def passes(confirmed: int, day: int) -> bool:
    look = Look(number=day, open=True)
    return verdict(GATE, given(confirmed, A_DAY * day), look) is Verdict.PASS


def ever_passing(rate: float, *, seed: int) -> float:
    drawn = np.random.default_rng(seed).binomial(A_DAY, rate, size=(PHASES, DAYS)).cumsum(axis=1)
    return (
        sum(any(passes(int(count), day) for day, count in enumerate(phase, start=1)) for phase in drawn)
        / PHASES
    )


def test_a_pipeline_at_93_percent_passes_a_gate_of_95_in_less_than_2_percent_of_phases() -> None:
    assert ever_passing(0.93, seed=1) < 0.02


def test_a_pipeline_at_exactly_the_threshold_passes_in_less_than_alpha_of_phases() -> None:
    assert ever_passing(0.95, seed=2) < 0.05


def test_a_pipeline_at_98_percent_passes_nearly_always() -> None:
    assert ever_passing(0.98, seed=3) > 0.95


@pytest.mark.parametrize("within", [0.02, 0.05])
def test_restaurants_that_differ_let_a_pipeline_at_93_percent_pass_no_more_often(within: float) -> None:
    """Rates of six restaurants are beta distributed around 93 %, with that correlation in a restaurant."""
    random, weight = np.random.default_rng(4), (1 - within) / within
    gate, phases, passed = rule(Kind.RATE_AT_LEAST, "0.95", clustered=True), 150, 0
    for _ in range(phases):
        rates = random.beta(0.93 * weight, 0.07 * weight, size=6)
        days = random.binomial(17, np.tile(rates, (4, 1))).cumsum(axis=0)
        looks = [
            verdict(
                gate, summed(shares(*[(int(hits), 17 * day) for hits in counts])), Look(number=day, open=True)
            )
            for day, counts in enumerate(days, start=1)
        ]
        passed += Verdict.PASS in looks
    assert passed / phases < 0.05


@pytest.mark.parametrize("restaurants", [3, 6])
def test_few_restaurants_that_differ_pass_at_the_threshold_as_seldom_as_more_of_them(
    restaurants: int,
) -> None:
    """At exactly 95 %, with a correlation of 0.05 in a restaurant: far above alpha, and known (ADR 0095)."""
    random, weight = np.random.default_rng(5), (1 - 0.05) / 0.05
    gate, phases = rule(Kind.RATE_AT_LEAST, "0.95", clustered=True), 250
    drawn = random.binomial(230, random.beta(0.95 * weight, 0.05 * weight, size=(phases, restaurants)))
    first = Look(number=1, open=True)
    passed = [verdict(gate, summed(shares(*[(int(hits), 230) for hits in row])), first) for row in drawn]
    assert passed.count(Verdict.PASS) / phases < 0.2

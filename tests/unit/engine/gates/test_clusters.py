"""The design effect, and effective counts that never flatter."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assignments.engine.gates.clusters import Share, design_effect, fewer_hits, more_hits
from tests.unit.engine.gates.builders import shares

effects = st.integers(100, 900).map(lambda hundredths: Fraction(hundredths, 100))


@pytest.mark.parametrize(
    "alike", [[], [(9, 10)], [(19, 20)] * 2, [(20, 20)] * 4, [(19, 20)] * 4 + [(0, 0)]], ids=str
)
def test_below_five_restaurants_the_effect_is_one_and_a_half_at_least(alike: list[tuple[int, int]]) -> None:
    assert design_effect(shares(*alike)) == Fraction("1.5")


def test_few_restaurants_that_differ_have_the_effect_they_show() -> None:
    assert design_effect(shares((10, 10), (1, 10), (9, 9), (5, 8))) > 7


def test_restaurants_that_are_alike_have_none() -> None:
    assert design_effect(shares(*[(95, 100)] * 6)) == 1


def test_without_a_single_failure_nothing_differs() -> None:
    assert design_effect(shares(*[(20, 20)] * 6)) == 1


def test_failures_of_one_restaurant_weigh_as_rao_and_scott_say() -> None:
    # 8 of 1,240 errors, all at one of 20 restaurants of 62 bookings.
    counted = shares((8, 62), *[(0, 62)] * 19)
    rate, expected = 8 / 1240, 0.0
    for share in counted:
        expected += (share.hits - share.trials * rate) ** 2
    expected *= 20 / 19 / (1240 * rate * (1 - rate))
    assert float(design_effect(counted)) == pytest.approx(expected, abs=0.011)
    assert expected > 7


def test_the_effect_is_at_most_that_of_restaurants_that_are_of_one_piece() -> None:
    assert design_effect(shares((30, 30), (0, 30), (30, 30), (0, 30), (30, 30), (0, 30))) == 30


def test_the_estimate_is_near_the_effect_that_bookings_were_drawn_with() -> None:
    """Kish's 1 + (n - 1) rho for restaurants whose rates are beta distributed."""
    random = np.random.default_rng(3)
    within, trials = 0.05, 50
    weight = (1 - within) / within
    estimates = [
        float(design_effect(shares(*[(int(hits), trials) for hits in drawn])))
        for drawn in random.binomial(trials, random.beta(0.9 * weight, 0.1 * weight, size=(200, 40)))
    ]
    assert np.mean(estimates) == pytest.approx(1 + (trials - 1) * within, rel=0.1)


@settings(max_examples=80)
@given(hits=st.integers(0, 500), misses=st.integers(0, 500), effect=effects)
def test_effective_counts_lie_on_both_sides_of_what_was_measured(
    hits: int, misses: int, effect: Fraction
) -> None:
    trials = hits + misses
    low, high = fewer_hits(hits, trials, effect), more_hits(hits, trials, effect)
    assert low.hits * trials <= hits * low.trials
    assert high.hits * trials >= hits * high.trials
    assert trials == 0 or low.trials <= trials
    assert fewer_hits(hits, trials, Fraction(1)) == more_hits(hits, trials, Fraction(1))


@settings(max_examples=40)
@given(counts=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=12))
def test_the_effect_is_never_below_one(counts: list[tuple[int, int]]) -> None:
    assert design_effect(Share(hits=hits, trials=hits + misses) for hits, misses in counts) >= 1

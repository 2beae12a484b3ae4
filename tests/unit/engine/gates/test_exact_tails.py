"""Exact tails against SciPy and against published tables."""

from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.stats import beta, binom, hypergeom

from assignments.engine.gates import exact_tails
from assignments.engine.gates.proportions import clopper_pearson

ALPHA = Fraction(1, 20)
THRESHOLDS = [Fraction(text) for text in ("0.01", "0.05", "0.1", "0.5", "0.95", "0.97", "0.99")]
counts = st.integers(1, 3000).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials)))


@pytest.mark.parametrize("rate", THRESHOLDS)
@pytest.mark.parametrize("trials", [1, 2, 17, 100, 1243])
def test_both_tails_are_those_of_scipy(rate: Fraction, trials: int) -> None:
    for count in {0, 1, trials // 3, round(trials * rate), trials - 1, trials}:
        expected = binom.cdf(count, trials, float(rate))
        assert float(exact_tails.tail(count, trials, rate)) == pytest.approx(expected, rel=1e-9, abs=1e-300)
        assert exact_tails.approximate_tail(count, trials, float(rate)) == pytest.approx(
            expected, rel=1e-9, abs=1e-300
        )


def test_a_tail_of_many_bookings_in_floating_point_is_far_closer_than_what_is_left_to_whole_numbers() -> None:
    for count in (900, 980, 1_000, 1_020):
        exact = float(exact_tails.tail(count, 20_000, Fraction(1, 20)))
        assert exact_tails.approximate_tail(count, 20_000, 0.05) == pytest.approx(exact, rel=1e-8)


@pytest.mark.parametrize(
    ("threshold", "misses", "needed"),
    [("0.95", 0, 59), ("0.95", 1, 93), ("0.95", 2, 124), ("0.97", 0, 99), ("0.99", 0, 299), ("0.90", 0, 29)],
)
def test_a_published_sample_size_proves_the_rate_and_one_less_does_not(
    threshold: str, misses: int, needed: int
) -> None:
    rate = Fraction(threshold)
    assert exact_tails.at_least(needed - misses, needed, rate, ALPHA)
    assert not exact_tails.at_least(needed - 1 - misses, needed - 1, rate, ALPHA)


@settings(max_examples=150, deadline=None)
@given(counts=counts, rate=st.sampled_from(THRESHOLDS), alpha=st.sampled_from(["0.05", "0.025", "1/120"]))
@example(counts=(1242, 1243), rate=Fraction("0.99"), alpha="0.05")
def test_a_decision_is_that_of_the_bounds_scipy_gives(
    counts: tuple[int, int], rate: Fraction, alpha: str
) -> None:
    hits, trials = counts
    level = Fraction(alpha)
    low = beta.ppf(float(level), hits, trials - hits + 1) if hits else 0.0
    high = beta.ppf(1 - float(level), hits + 1, trials - hits) if hits < trials else 1.0
    if abs(low - float(rate)) > 1e-9:
        assert exact_tails.at_least(hits, trials, rate, level) == (low >= float(rate))
    if abs(high - float(rate)) > 1e-9:
        assert exact_tails.at_most(hits, trials, rate, level) == (high <= float(rate))
        assert exact_tails.surely_below(hits, trials, rate, level) == (high < float(rate))


@settings(max_examples=60, deadline=None)
@given(rate=st.sampled_from(THRESHOLDS), trials=st.integers(1, 4000))
def test_next_to_the_threshold_decisions_agree_with_scipy_as_well(rate: Fraction, trials: int) -> None:
    """Where SciPy puts the step from unproven to proven, it is."""
    step = int(binom.isf(float(ALPHA), trials, float(rate))) + 1
    for hits in range(max(0, step - 2), min(trials, step + 2) + 1):
        chance = float(binom.sf(hits - 1, trials, float(rate)))
        if abs(chance - 0.05) > 1e-12:
            assert exact_tails.at_least(hits, trials, rate, ALPHA) == (chance <= 0.05)


def test_where_a_tail_equals_alpha_whole_numbers_see_it() -> None:
    assert exact_tails.tail_against(0, 1, Fraction("0.95"), ALPHA) == 0
    assert exact_tails.tail_against(0, 1, Fraction("0.95"), ALPHA + Fraction(1, 10**30)) == -1
    assert exact_tails.tail_against(0, 1, Fraction("0.95"), ALPHA - Fraction(1, 10**30)) == 1


@settings(max_examples=60, deadline=None)
@given(counts=counts)
def test_bounds_are_those_of_clopper_and_pearson_rounded_outwards(counts: tuple[int, int]) -> None:
    hits, trials = counts
    exact = clopper_pearson(hits, trials)
    low, high = exact_tails.lower_bound(hits, trials, ALPHA), exact_tails.upper_bound(hits, trials, ALPHA)
    assert exact.low - 1.1e-6 <= low <= exact.low + 1e-9
    assert exact.high - 1e-9 <= high <= exact.high + 1.1e-6


@settings(max_examples=60, deadline=None)
@given(counts=counts, rate=st.sampled_from(THRESHOLDS))
def test_a_bound_that_is_shown_never_contradicts_the_decision(
    counts: tuple[int, int], rate: Fraction
) -> None:
    hits, trials = counts
    low, high = exact_tails.lower_bound(hits, trials, ALPHA), exact_tails.upper_bound(hits, trials, ALPHA)
    assert (low >= rate) == exact_tails.at_least(hits, trials, rate, ALPHA)
    assert (high <= rate) == exact_tails.at_most(hits, trials, rate, ALPHA)


@settings(max_examples=60, deadline=None)
@given(counts=counts)
def test_bounds_are_nested_and_mirror_each_other(counts: tuple[int, int]) -> None:
    hits, trials = counts
    wide, narrow = Fraction(1, 40), ALPHA
    lows = [exact_tails.lower_bound(hits, trials, alpha) for alpha in (wide, narrow)]
    highs = [exact_tails.upper_bound(hits, trials, alpha) for alpha in (narrow, wide)]
    assert sorted([*lows, Fraction(hits, trials), *highs]) == [*lows, Fraction(hits, trials), *highs]
    assert exact_tails.upper_bound(trials - hits, trials, wide) == 1 - lows[0]


@pytest.mark.parametrize(
    ("hits", "trials", "other_hits", "other_trials"),
    [(3, 10, 1, 12), (0, 5, 2, 7), (40, 400, 20, 380), (5, 5, 0, 9), (8, 1243, 2, 1187)],
)
def test_fishers_test_is_that_of_scipy(hits: int, trials: int, other_hits: int, other_trials: int) -> None:
    expected = hypergeom.sf(hits - 1, trials + other_trials, hits + other_hits, trials)
    assert float(exact_tails.fisher(hits, trials, other_hits, other_trials)) == pytest.approx(expected)


def test_a_quantile_has_no_upper_bound_before_enough_values() -> None:
    p95 = Fraction("0.95")
    assert exact_tails.quantile_rank(58, p95, ALPHA) is None
    assert exact_tails.quantile_rank(59, p95, ALPHA) == 59
    # The largest of 93 values and the one before: published one-sided ranks of the 95th percentile.
    assert exact_tails.quantile_rank(93, p95, ALPHA) == 92
    assert exact_tails.quantile_rank(124, p95, ALPHA) == 122


def test_the_fewest_further_bookings_are_found_or_given_up() -> None:
    assert exact_tails.fewest_more(lambda more: more >= 1) == 1
    assert exact_tails.fewest_more(lambda more: more >= 198) == 198
    assert exact_tails.fewest_more(lambda more: False, at_most=1000) is None

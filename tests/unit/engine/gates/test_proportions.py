"""The intervals that pages show, against published examples."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assignments.engine.gates.proportions import (
    Pairs,
    clopper_pearson,
    mcnemar,
    newcombe,
    paired_difference,
    wilson,
)

cells = st.integers(0, 400)


def test_wilson_gives_newcombes_published_example() -> None:
    """Newcombe (1998, Stat. Med. 17:857), table I: 81 of 263 and 0 of 20."""
    found = wilson(81, 263)
    assert found.low == pytest.approx(0.2553, abs=5e-5)
    assert found.high == pytest.approx(0.3662, abs=5e-5)
    assert wilson(0, 20).high == pytest.approx(0.1611, abs=5e-5)


def test_the_rule_of_three_is_near_the_exact_bound() -> None:
    assert clopper_pearson(0, 299).high == pytest.approx(0.01, abs=5e-5)
    assert clopper_pearson(59, 59).low >= 0.95 > clopper_pearson(58, 58).low


def test_newcombes_interval_is_his_published_one() -> None:
    """Newcombe (1998, Stat. Med. 17:873), table II, example (a), method 10: 56 of 70 less 48 of 80."""
    found = newcombe(56, 70, 48, 80)
    assert found.low == pytest.approx(0.0524, abs=5e-5)
    assert found.high == pytest.approx(0.3339, abs=5e-5)


def test_pairs_without_correlation_are_as_wide_as_two_samples() -> None:
    pairs = Pairs(both=25, only_old=25, only_new=25, neither=25)
    unpaired = newcombe(50, 100, 50, 100)
    paired = paired_difference(pairs)
    assert paired.low == pytest.approx(unpaired.low)
    assert paired.high == pytest.approx(unpaired.high)


def test_pairs_that_agree_make_the_interval_narrow() -> None:
    agreed = paired_difference(Pairs(both=900, only_old=10, only_new=30, neither=60))
    apart = newcombe(930, 1000, 910, 1000)
    assert agreed.estimate == pytest.approx(0.02)
    assert apart.low < agreed.low < agreed.estimate < agreed.high < apart.high


@settings(max_examples=60)
@given(both=cells, only_old=cells, only_new=cells, neither=st.integers(1, 400))
def test_the_interval_holds_its_estimate_and_mirrors_when_the_planners_swap(
    both: int, only_old: int, only_new: int, neither: int
) -> None:
    found = paired_difference(Pairs(both=both, only_old=only_old, only_new=only_new, neither=neither))
    swapped = paired_difference(Pairs(both=both, only_old=only_new, only_new=only_old, neither=neither))
    assert -1 - 1e-9 <= found.low <= found.estimate + 1e-9
    assert found.estimate - 1e-9 <= found.high <= 1 + 1e-9
    assert swapped.low == pytest.approx(-found.high)
    assert swapped.high == pytest.approx(-found.low)


def test_mcnemar_asks_whether_discordant_pairs_fall_evenly() -> None:
    assert mcnemar(Pairs(both=800, only_old=11, only_new=31, neither=0)) == pytest.approx(0.00287, abs=5e-5)
    assert mcnemar(Pairs(both=800, only_old=0, only_new=0, neither=5)) == 1

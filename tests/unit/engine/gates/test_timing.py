"""Raw latencies as a quantile's gate is given them."""

from fractions import Fraction

import numpy as np
import pytest

from assignments.engine.gates.looks import SINGLE_LOOK
from assignments.engine.gates.rules import Kind, Verdict
from assignments.engine.gates.timing import timed
from tests.unit.engine.gates.builders import given, rule, verdict

P95 = rule(Kind.QUANTILE_BELOW, "90", unit="ms")


def test_counts_the_quantile_and_its_bound_come_from_the_raw_values() -> None:
    found = timed(P95, given(), [list(range(1, 94))], SINGLE_LOOK)
    # Of 93 values the 89th is the nearest rank of the 95th percentile, the 92nd bounds it.
    assert (found.numerator, found.denominator) == (89, 93)
    assert (found.measured, found.bound) == (Fraction(89), Fraction(92))


def test_values_in_thousandths_are_counted_against_the_limit_itself() -> None:
    found = timed(P95, given(), [[89_999, 90_000, 90_001, 1_500]], SINGLE_LOOK, scale=1_000)
    assert (found.numerator, found.measured) == (2, Fraction(90_001, 1_000))
    third = rule(Kind.QUANTILE_BELOW, "90.0005", unit="ms")
    assert timed(third, given(), [[90_000, 90_001]], SINGLE_LOOK, scale=1_000).numerator == 1


def test_without_values_there_is_no_data() -> None:
    assert verdict(P95, timed(P95, given(), [[], []], SINGLE_LOOK)) is Verdict.NO_DATA


def test_few_values_have_no_bound() -> None:
    assert timed(P95, given(), [[5] * 58], SINGLE_LOOK).bound is None


def test_a_relative_limit_needs_its_baseline() -> None:
    gate = rule(Kind.QUANTILE_BELOW, "1.1", relative=True)
    with pytest.raises(ValueError, match="needs the baseline"):
        timed(gate, given(), [[1]], SINGLE_LOOK)
    assert timed(gate, given(baseline=Fraction(10)), [[9, 10, 11, 12]], SINGLE_LOOK).numerator == 2


def test_the_bound_is_below_the_limit_when_the_gate_passes_and_only_then() -> None:
    random = np.random.default_rng(8)
    seen = set()
    for _ in range(60):
        values = [int(value) for value in random.lognormal(3.4, 0.55, size=400)]
        found = timed(P95, given(), [values], SINGLE_LOOK)
        passed = verdict(P95, found) is Verdict.PASS
        assert passed == (found.bound is not None and found.bound < 90)
        seen.add(passed)
    assert seen == {True, False}

"""Bound bars: PASS means that nothing of the interval lies in the hatch."""

from fractions import Fraction

import pytest
from hypothesis import given as property_of
from hypothesis import strategies as st

from assignments.engine.gates.looks import SINGLE_LOOK
from assignments.engine.gates.rules import GateInput, GateRule, Kind, Verdict
from assignments.engine.gates.verdicts import decide
from config.console.rollout.bars import LEFT, RIGHT, bar_of


def rule(kind: Kind, threshold: str, unit: str = "%") -> GateRule:
    return GateRule(key="k", title="t", kind=kind, threshold=Fraction(threshold), unit=unit)


@property_of(
    kind=st.sampled_from([(Kind.RATE_AT_LEAST, "0.95"), (Kind.RATE_BELOW, "0.1"), (Kind.RATE_BELOW, "0.01")]),
    trials=st.integers(1, 2000),
    share=st.floats(0, 1),
)
def test_an_interval_keeps_out_of_the_hatch_exactly_when_it_passes(
    kind: tuple[Kind, str], trials: int, share: float
) -> None:
    gate = rule(*kind)
    counted = GateInput(age_seconds=0, numerator=round(trials * share), denominator=trials)
    result = decide(gate, counted, SINGLE_LOOK)
    bar = bar_of(gate, counted, result)
    assert bar is not None
    low, high, threshold = float(bar.low), float(bar.high), float(bar.threshold)
    assert LEFT <= low <= float(bar.point) <= high <= RIGHT
    clear = low >= threshold - 0.1 if gate.kind is Kind.RATE_AT_LEAST else high <= threshold + 0.1
    if result.verdict is Verdict.PASS:
        assert clear
    if result.verdict is Verdict.FAIL:
        assert not clear or abs((low if gate.kind is Kind.RATE_AT_LEAST else high) - threshold) <= 0.1


def test_a_floor_is_hatched_up_to_what_is_asked_for() -> None:
    gate = rule(Kind.FLOOR, "86400", "s")
    counted = GateInput(age_seconds=0, numerator=43_200)
    bar = bar_of(gate, counted, decide(gate, counted, SINGLE_LOOK))
    assert bar is not None
    assert float(bar.bad_x) == LEFT
    assert float(bar.high) < float(bar.threshold)
    assert bar.words == "12 h, threshold 24 h"


@pytest.mark.parametrize("kind", [Kind.FACT, Kind.RECOVERED, Kind.RATIO_WITHIN, Kind.NOT_LOWER])
def test_facts_have_no_scale(kind: Kind) -> None:
    gate = rule(kind, "1")
    counted = GateInput(age_seconds=0, numerator=1, denominator=1, measured=Fraction(1))
    assert bar_of(gate, counted, decide(gate, counted, SINGLE_LOOK)) is None


def test_nothing_measured_draws_the_threshold_alone() -> None:
    gate = rule(Kind.RATE_BELOW, "0.1")
    counted = GateInput(age_seconds=0)
    bar = bar_of(gate, counted, decide(gate, counted, SINGLE_LOOK))
    assert bar is not None
    assert (bar.point, bar.low, bar.high) == ("", "", "")
    assert bar.words == "Nothing measured, threshold 10 %"

"""Verdicts: their order, what only a look opens, and what one more clean booking may do."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from assignments.engine.gates.looks import SINGLE_LOOK, Look
from assignments.engine.gates.rules import Extent, GateRule, Kind, Verdict
from assignments.engine.gates.verdicts import Earned, decide, overall
from tests.unit.engine.gates.builders import CLOSED, OPEN, given, result, rule, shares, summed, verdict

CONFIRMED = rule(Kind.RATE_AT_LEAST, "0.95")
ERRORS = rule(Kind.RATE_BELOW, "0.01")
REVIEW = rule(Kind.RATE_BELOW, "0.1")
SHADOW = rule(Kind.NON_INFERIOR, "0.05")
LATENCY = rule(Kind.QUANTILE_BELOW, "3000", unit="ms")
RATES = st.sampled_from([CONFIRMED, ERRORS, REVIEW, rule(Kind.RATE_AT_LEAST, "0.97")])


@pytest.mark.parametrize(
    ("gate", "hits", "trials", "short"),
    [
        (CONFIRMED, 59, 59, 1), (CONFIRMED, 92, 93, 1), (CONFIRMED, 122, 124, 1),
        (rule(Kind.RATE_AT_LEAST, "0.97"), 99, 99, 1), (ERRORS, 0, 299, 1),
    ],
)  # fmt: skip
def test_published_sample_sizes_pass_and_one_booking_less_is_said_to_be_missing(
    gate: GateRule, hits: int, trials: int, short: int
) -> None:
    clean = short if gate.kind is Kind.RATE_AT_LEAST else 0
    assert verdict(gate, given(hits, trials)) is Verdict.PASS
    before = result(gate, given(hits - clean, trials - short))
    assert (before.verdict, before.needed) == (Verdict.INCONCLUSIVE, short)
    assert before.sentence.endswith("1 more clean booking would settle it.")


def test_the_sheets_example_needs_198_more_clean_bookings() -> None:
    found = result(ERRORS, given(8, 1243))
    assert found.needed == 198
    assert float(found.bound_high or 0) == pytest.approx(0.0116, abs=5e-5)
    assert "0.64 % (8 of 1,243)" in found.sentence


def test_fewer_than_five_restaurants_need_half_as_many_bookings_again() -> None:
    gate = rule(Kind.RATE_AT_LEAST, "0.95", clustered=True)
    assert verdict(gate, summed(shares((44, 44), (45, 45)))) is Verdict.PASS
    assert result(gate, summed(shares((44, 44), (44, 44)))).needed == 1
    assert verdict(gate, summed(shares(*[(12, 12)] * 4, (11, 11)))) is Verdict.PASS


def test_restaurants_that_differ_need_more_bookings() -> None:
    alike = summed(shares(*[(98, 100)] * 10))
    unlike = summed(shares(*[(100, 100)] * 9, (80, 100)))
    gate = rule(Kind.RATE_AT_LEAST, "0.95", clustered=True)
    assert verdict(gate, alike) is Verdict.PASS
    assert verdict(gate, unlike) is Verdict.INCONCLUSIVE
    assert (result(gate, unlike).needed or 0) > 100


def test_an_error_outweighs_staleness_which_outweighs_lack_of_data() -> None:
    assert verdict(CONFIRMED, given(age_seconds=9999, error="no connection")) is Verdict.ERROR
    assert verdict(CONFIRMED, given(age_seconds=901)) is Verdict.STALE
    assert verdict(CONFIRMED, given()) is Verdict.NO_DATA
    assert verdict(CONFIRMED, given(0, 0)) is Verdict.NO_DATA
    assert verdict(CONFIRMED, given(100, 100, age_seconds=900)) is Verdict.PASS


@pytest.mark.parametrize(
    ("gate", "changes"),
    [
        (CONFIRMED, {"numerator": 6, "denominator": 5}),
        (CONFIRMED, {"numerator": -1, "denominator": 5}),
        (CONFIRMED, {"numerator": 5, "denominator": 9, "shares": shares((5, 8))}),
        (CONFIRMED, {"numerator": 5, "denominator": 9, "shares": shares((6, 5), (-1, 4))}),
        (SHADOW, {"numerator": 5, "denominator": 9, "reference_numerator": 5}),
        (rule(Kind.NOT_LOWER, "0"), {"numerator": 5, "denominator": 9, "reference_numerator": 5,
                                     "reference_denominator": 4}),
    ],
)  # fmt: skip
def test_numbers_that_contradict_each_other_are_an_error(gate: GateRule, changes: dict[str, Any]) -> None:
    assert verdict(gate, given(**changes)) is Verdict.ERROR


@pytest.mark.parametrize(
    ("gate", "changes"),
    [
        (SHADOW, {"numerator": 0, "denominator": 10}),
        (rule(Kind.NOT_HIGHER, "0"), {"numerator": 0, "denominator": 10}),
        (rule(Kind.VALUE_BELOW, "80"), {}),
        (rule(Kind.VALUE_BELOW, "1.1", relative=True), {"measured": Fraction(5)}),
        (rule(Kind.QUANTILE_BELOW, "1.1", relative=True), {"numerator": 5, "denominator": 9}),
        (rule(Kind.RECOVERED, "300"), {"numerator": 2}),
        (rule(Kind.COUNT_BELOW, "1"), {}),
    ],
)
def test_what_was_not_measured_is_no_data(gate: GateRule, changes: dict[str, Any]) -> None:
    assert verdict(gate, given(**changes)) is Verdict.NO_DATA


def test_a_proof_between_looks_waits_for_the_look() -> None:
    proven = given(500, 500)
    found = result(CONFIRMED, proven, CLOSED)
    assert (found.verdict, found.needed) == (Verdict.INCONCLUSIVE, 0)
    assert "look 1 is not due yet" in found.sentence
    assert verdict(CONFIRMED, proven, OPEN) is Verdict.PASS


def test_a_failure_needs_no_look() -> None:
    assert verdict(CONFIRMED, given(80, 100), CLOSED) is Verdict.FAIL
    assert result(CONFIRMED, given(80, 100), CLOSED).needed is None


def test_later_looks_ask_for_more() -> None:
    needed = [
        result(CONFIRMED, given(1, 1), Look(number=number, open=True)).needed or 0 for number in (1, 2, 3)
    ]
    assert needed == [71, 93, 106]


def test_a_pass_lasts_between_looks_while_its_own_level_holds() -> None:
    earned = Earned(given=given(100, 100), look=OPEN)
    between = Look(number=2, open=False)
    assert decide(CONFIRMED, given(110, 110), between, earned).verdict is Verdict.PASS
    assert decide(CONFIRMED, given(108, 110), between, earned).verdict is Verdict.INCONCLUSIVE
    assert decide(CONFIRMED, given(80, 110), between, earned).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    "earned",
    [Earned(given=given(60, 60), look=OPEN), Earned(given=given(100, 100), look=CLOSED)],
    ids=["not proven then", "no look then"],
)
def test_what_did_not_pass_at_a_look_earned_nothing(earned: Earned) -> None:
    found = decide(CONFIRMED, given(500, 500), Look(number=2, open=False), earned)
    assert found.verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("floors", "word"),
    [
        (Extent(seconds=86_400), "time"), (Extent(restaurants=5), "restaurants"),
        (Extent(bookings=501), "1 more clean booking"),
    ],
)  # fmt: skip
def test_a_proof_without_its_floors_holds(floors: Extent, word: str) -> None:
    reached = Extent(seconds=86_399, bookings=500, restaurants=4)
    found = result(rule(floors=floors), given(500, 500, reached=reached))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert word in found.sentence


@settings(max_examples=80, deadline=None)
@drawn(gate=RATES, hits=st.integers(0, 400), misses=st.integers(0, 400), clustered=st.booleans())
def test_one_more_clean_booking_turns_no_pass_into_anything_else(
    gate: GateRule, hits: int, misses: int, clustered: bool
) -> None:
    trials = hits + misses + 1
    clean = 1 if gate.kind is Kind.RATE_AT_LEAST else 0
    gate = rule(gate.kind, str(gate.threshold), clustered=clustered)
    before = verdict(gate, given(hits, trials), OPEN)
    after = verdict(gate, given(hits + clean, trials + 1), OPEN)
    order = [Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS]
    assert order.index(after) >= order.index(before)


@settings(max_examples=60, deadline=None)
@drawn(gate=RATES, hits=st.integers(0, 300), misses=st.integers(0, 300), number=st.integers(1, 5))
def test_the_bookings_said_to_be_needed_are_enough_and_one_less_is_not(
    gate: GateRule, hits: int, misses: int, number: int
) -> None:
    look = Look(number=number, open=True)
    clean = 1 if gate.kind is Kind.RATE_AT_LEAST else 0
    needed = result(gate, given(hits, hits + misses + 1), look).needed
    if needed:
        outcomes = [
            verdict(gate, given(hits + clean * more, hits + misses + 1 + more), look)
            for more in (needed - 1, needed)
        ]
        assert outcomes == [Verdict.INCONCLUSIVE, Verdict.PASS]


@settings(max_examples=40, deadline=None)
@drawn(hits=st.integers(0, 200), misses=st.integers(0, 200))
def test_a_rate_and_its_complement_get_the_same_verdict(hits: int, misses: int) -> None:
    trials = hits + misses + 1
    high = verdict(rule(Kind.RATE_AT_LEAST, "0.9"), given(hits, trials))
    low = verdict(rule(Kind.RATE_BELOW, "0.1"), given(trials - hits, trials))
    assert high is low


def test_pairs_are_non_inferior_when_the_worst_case_loses_less_than_the_margin() -> None:
    assert verdict(SHADOW, given(0, 72, reference_numerator=0)) is Verdict.PASS
    assert result(SHADOW, given(0, 71, reference_numerator=0)).needed == 1
    assert verdict(SHADOW, given(11, 1169, reference_numerator=31)) is Verdict.PASS
    assert verdict(SHADOW, given(60, 400, reference_numerator=0)) is Verdict.FAIL
    assert verdict(SHADOW, given(20, 400, reference_numerator=0)) is Verdict.INCONCLUSIVE


def test_gains_make_up_for_losses() -> None:
    assert verdict(SHADOW, given(40, 1000, reference_numerator=0)) is not Verdict.PASS
    assert verdict(SHADOW, given(40, 1000, reference_numerator=80)) is Verdict.PASS


def test_a_quantile_passes_when_enough_values_are_below_the_limit() -> None:
    found = result(LATENCY, given(1240, 1243, measured=Fraction(412), bound=Fraction(447)))
    assert found.verdict is Verdict.PASS
    assert (found.rate, found.bound_high) == (Fraction(412), Fraction(447))
    assert found.sentence.startswith("412 ms, up to 447 ms; 1,240 of 1,243 below 3,000 ms")
    assert result(LATENCY, given(58, 58)).needed == 1
    assert verdict(LATENCY, given(90, 100)) is Verdict.FAIL


def test_a_limit_relative_to_the_baseline_may_be_reached() -> None:
    gate = rule(Kind.VALUE_BELOW, "1.1", relative=True, unit="ms")
    assert verdict(gate, given(measured=Fraction(22), baseline=Fraction(20))) is Verdict.PASS
    assert verdict(gate, given(measured=Fraction("22.1"), baseline=Fraction(20))) is Verdict.FAIL
    pool = rule(Kind.VALUE_BELOW, "80", unit="%")
    assert verdict(pool, given(measured=Fraction("79.9"))) is Verdict.PASS
    assert verdict(pool, given(measured=Fraction(80))) is Verdict.FAIL


def test_counts_floors_and_facts_are_as_they_are_at_any_time() -> None:
    none = rule(Kind.COUNT_BELOW, "1")
    assert [verdict(none, given(count), CLOSED) for count in (0, 1)] == [Verdict.PASS, Verdict.FAIL]
    few = rule(Kind.COUNT_BELOW, "5")
    assert [verdict(few, given(count), CLOSED) for count in (4, 5)] == [Verdict.PASS, Verdict.FAIL]
    time = rule(Kind.FLOOR, "86400", unit="s")
    assert [verdict(time, given(count), CLOSED) for count in (86_399, 86_400)] == [
        Verdict.INCONCLUSIVE, Verdict.PASS,
    ]  # fmt: skip
    assert result(time, given(63_720)).sentence == "17 h 42 min of 24 h."
    fact = rule(Kind.FACT, "1")
    assert [verdict(fact, given(yes), CLOSED) for yes in (1, 0)] == [Verdict.PASS, Verdict.FAIL]


def test_transitions_may_differ_from_bookings_by_a_tenth() -> None:
    gate = rule(Kind.RATIO_WITHIN, "0.1", floors=Extent(bookings=100))
    early, enough = Extent(bookings=50), Extent(bookings=100)
    counts = (89, 90, 110, 111)
    assert [verdict(gate, given(count, 100, reached=enough)) for count in counts] == [
        Verdict.FAIL, Verdict.PASS, Verdict.PASS, Verdict.FAIL,
    ]  # fmt: skip
    assert {verdict(gate, given(count, 100, reached=early)) for count in counts} == {Verdict.INCONCLUSIVE}


def test_a_breaker_may_open_if_it_recovers_in_time() -> None:
    gate = rule(Kind.RECOVERED, "300", unit="s")
    assert verdict(gate, given(0)) is Verdict.PASS
    assert verdict(gate, given(1, measured=Fraction(42))) is Verdict.PASS
    assert verdict(gate, given(1, measured=Fraction(42), pending=1)) is Verdict.INCONCLUSIVE
    assert verdict(gate, given(2, measured=Fraction(300), pending=1)) is Verdict.FAIL


def test_only_what_is_significantly_worse_than_before_fails() -> None:
    confirmed, errors = rule(Kind.NOT_LOWER, "0"), rule(Kind.NOT_HIGHER, "0")
    before = {"reference_numerator": 980, "reference_denominator": 1000}
    assert verdict(confirmed, given(975, 1000, **before), CLOSED) is Verdict.PASS
    assert verdict(confirmed, given(950, 1000, **before), CLOSED) is Verdict.FAIL
    assert verdict(confirmed, given(1000, 1000, **before), CLOSED) is Verdict.PASS
    before = {"reference_numerator": 2, "reference_denominator": 1000}
    assert verdict(errors, given(5, 1000, **before), CLOSED) is Verdict.PASS
    assert verdict(errors, given(15, 1000, **before), CLOSED) is Verdict.FAIL


def test_a_phase_passes_only_if_every_gate_does() -> None:
    passed = result(CONFIRMED, given(100, 100))
    unsure = result(CONFIRMED, given(10, 10))
    failed = result(CONFIRMED, given(10, 100))
    assert overall([]) is Verdict.NO_DATA
    assert overall([passed]) is Verdict.PASS
    assert overall([passed, unsure]) is Verdict.INCONCLUSIVE
    assert overall([passed, failed, unsure]) is Verdict.FAIL


@pytest.mark.parametrize(
    ("kind", "threshold", "changes"),
    [
        (Kind.RATE_BELOW, "1", {}),
        (Kind.RATE_AT_LEAST, "95", {}),
        (Kind.COUNT_BELOW, "1", {"alpha": Fraction(1)}),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(kind: Kind, threshold: str, changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="gate: "):
        rule(kind, threshold, **changes)


def test_single_look_spends_all_of_alpha() -> None:
    assert verdict(CONFIRMED, given(59, 59), SINGLE_LOOK) is Verdict.PASS
    assert verdict(CONFIRMED, given(59, 59), OPEN) is Verdict.INCONCLUSIVE

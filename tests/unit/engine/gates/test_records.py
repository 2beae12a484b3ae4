"""Canonical JSON, the chain, and records that come back as they were written."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assignments.engine.gates.canonical import GENESIS, canonical, digest, heads, link
from assignments.engine.gates.records import decimal_text, dump, load
from assignments.engine.gates.rules import GateInput, GateResult, GateRule, Kind
from tests.unit.engine.gates import builders

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
fractions = st.none() | st.fractions()
numbers = st.none() | st.integers()
inputs = st.builds(
    GateInput,
    age_seconds=st.integers(),
    numerator=numbers,
    denominator=numbers,
    shares=st.lists(st.tuples(st.integers(), st.integers()), max_size=3).map(
        lambda each: builders.shares(*each)
    ),
    measured=fractions,
    error=st.text(),
)


def test_there_is_one_spelling() -> None:
    assert canonical({"b": [1, None, True], "a": "é"}) == '{"a":"é","b":[1,null,true]}'.encode()
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})


@pytest.mark.parametrize(
    ("value", "place"), [({"a": [1, 0.5]}, r"\$\.a\[1\]"), ({"a": {1: 2}}, r"\$\.a"), (Fraction(1), r"\$")]
)
def test_what_has_no_exact_spelling_is_refused_with_its_place(value: object, place: str) -> None:
    with pytest.raises(TypeError, match=place):
        canonical(value)  # type: ignore[arg-type]


@settings(max_examples=30, deadline=None)
@given(records=st.lists(plain, min_size=2, max_size=5), place=st.integers(0, 3))
def test_a_record_that_is_dropped_or_moved_changes_the_head(records: list[object], place: int) -> None:
    place %= len(records)
    known = list(heads(records))  # type: ignore[arg-type]
    dropped = records[:place] + records[place + 1 :]
    assert known[-1] not in list(heads(dropped))  # type: ignore[arg-type]
    assert known[0] == link(GENESIS, records[0])  # type: ignore[arg-type]
    if canonical(records[0]) != canonical(records[-1]):  # type: ignore[arg-type]
        moved = [records[-1], *records[1:-1], records[0]]
        assert list(heads(moved))[-1] != known[-1]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "text"),
    [("19/20", "0.95"), ("1/120", "1/120"), ("-5/4", "-1.25"), ("3000", "3000"), ("1/1000000", "0.000001")],
)
def test_fractions_are_decimals_where_they_can_be(value: str, text: str) -> None:
    assert decimal_text(Fraction(value)) == text
    assert Fraction(text) == Fraction(value)


@given(value=inputs)
def test_an_input_comes_back_as_it_was_written(value: GateInput) -> None:
    assert load(GateInput, dump(value)) == value


def test_a_result_comes_back_as_it_was_written() -> None:
    result = builders.result(builders.rule(Kind.RATE_BELOW, "0.01"), builders.given(8, 1243))
    assert load(GateResult, dump(result)) == result


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"threshold": 0.95}, "GateRule.threshold: 0.95 is not of type Fraction"),
        ({"threshold": "1/0"}, "GateRule.threshold"),
        ({"kind": "guess"}, "GateRule.kind: 'guess'"),
        ({"stale_after": True}, "GateRule.stale_after"),
        ({"floors": {"seconds": 1}}, "GateRule.floors: expected the fields"),
        ({"extra": 1}, "GateRule: expected the fields"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(changes: dict[str, object], place: str) -> None:
    raw = dump(builders.rule())
    assert isinstance(raw, dict)
    with pytest.raises(ValueError, match=place):
        load(GateRule, {**raw, **changes})


def test_a_list_is_wanted_where_there_is_one() -> None:
    raw = dump(builders.given(1, 2))
    assert isinstance(raw, dict)
    with pytest.raises(ValueError, match=r"GateInput\.shares: 5 is no list"):
        load(GateInput, {**raw, "shares": 5})
    with pytest.raises(TypeError, match="no exact form"):
        dump(0.5)

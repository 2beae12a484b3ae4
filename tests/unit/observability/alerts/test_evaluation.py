"""Rules fire and resolve as they say, over traces of looks every fifteen seconds."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observability.alerts.evaluation import Sample, Standing, Turn, evaluate
from observability.alerts.policy import (
    BREAKER_OPEN,
    CONFIRMATION_LOW,
    EVERY,
    LATENCY_HIGH,
    MOST_APART,
    RULES,
    STUCK,
    Rule,
)
from observability.models import RuleState

START = datetime(2027, 3, 5, 18, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

Turns = list[tuple[timedelta, Turn]]


def replay(rule: Rule, values: Iterable[float | None]) -> tuple[Turns, Standing]:
    """When it turned, counted from the first look, and where it stood at the end."""
    standing, turns, now = None, [], START
    for value in values:
        standing, turn = evaluate(rule, standing, value, now)
        if turn:
            turns.append((now - START, turn))
        now += EVERY
    assert standing is not None
    return turns, standing


def held(value: float | None, span: timedelta) -> list[float | None]:
    """A value at each look of a span."""
    return [value] * (span // EVERY)


def test_nine_minutes_of_too_few_confirmed_are_pending_and_ten_fire() -> None:
    turns, standing = replay(CONFIRMATION_LOW, held(0.89, 9 * MINUTE))
    assert (turns, standing.state) == ([], RuleState.PENDING)
    turns, standing = replay(CONFIRMATION_LOW, held(0.89, 11 * MINUTE))
    assert (turns, standing.state) == ([(10 * MINUTE, Turn.FIRES)], RuleState.FIRING)
    assert standing.breaching_since == START


def test_exactly_the_threshold_is_not_past_it() -> None:
    assert replay(CONFIRMATION_LOW, held(0.90, 60 * MINUTE))[0] == []


def test_one_good_look_starts_the_time_anew() -> None:
    assert replay(CONFIRMATION_LOW, [*held(0.8, 9 * MINUTE), 0.95, *held(0.8, 10 * MINUTE)])[0] == []


def test_it_is_resolved_after_five_good_minutes_and_not_by_a_little_better() -> None:
    bad = held(0.5, 11 * MINUTE)
    assert [turn for _, turn in replay(CONFIRMATION_LOW, [*bad, *held(0.91, 60 * MINUTE)])[0]] == [Turn.FIRES]
    turns, standing = replay(CONFIRMATION_LOW, [*bad, *held(0.99, 6 * MINUTE)])
    assert turns == [(10 * MINUTE, Turn.FIRES), (16 * MINUTE, Turn.RESOLVES)]
    assert standing.state == RuleState.QUIET


def test_slow_runs_fire_after_a_quarter_of_an_hour() -> None:
    assert replay(LATENCY_HIGH, held(5_001, 16 * MINUTE))[0] == [(15 * MINUTE, Turn.FIRES)]
    assert replay(LATENCY_HIGH, held(5_000, 16 * MINUTE))[0] == []


def test_a_breaker_that_opens_fires_after_five_minutes_and_resolves_when_it_closed() -> None:
    opened = [EVERY.total_seconds() * look for look in range(1, 41)]
    turns, _ = replay(BREAKER_OPEN, [*opened, *held(0, 3 * MINUTE)])
    assert turns == [(5 * MINUTE, Turn.FIRES), (12 * MINUTE, Turn.RESOLVES)]


def test_stuck_bookings_fire_at_the_first_look() -> None:
    assert replay(STUCK, [0, 0, 1])[0] == [(2 * EVERY, Turn.FIRES)]


def test_no_data_is_a_state_of_its_own_and_neither_fires_nor_resolves() -> None:
    turns, standing = replay(CONFIRMATION_LOW, held(None, 60 * MINUTE))
    assert (turns, standing.state, standing.since) == ([], RuleState.NO_DATA, START)
    turns, standing = replay(CONFIRMATION_LOW, [*held(0.5, 9 * MINUTE), None, 0.5])
    assert (turns, standing.state) == ([], RuleState.PENDING)
    turns, standing = replay(CONFIRMATION_LOW, [*held(0.5, 11 * MINUTE), *held(None, 60 * MINUTE)])
    assert ([turn for _, turn in turns], standing.state) == ([Turn.FIRES], RuleState.FIRING)


def test_no_data_in_the_middle_of_a_recovery_starts_it_anew() -> None:
    trace = [*held(0.5, 11 * MINUTE), *held(1.0, 4 * MINUTE), None, *held(1.0, 4 * MINUTE)]
    assert [turn for _, turn in replay(CONFIRMATION_LOW, trace)[0]] == [Turn.FIRES]


def test_time_in_which_nobody_looked_counts_for_nothing() -> None:
    later = START + 60 * MINUTE
    _, pending = replay(CONFIRMATION_LOW, [0.5])
    standing, turn = evaluate(CONFIRMATION_LOW, pending, 0.5, later)
    assert (turn, standing.breaching_since) == (None, later)
    _, firing = replay(STUCK, [1, 0])
    standing, turn = evaluate(STUCK, firing, 0, later)
    assert (turn, standing.state, standing.clear_since) == (None, RuleState.FIRING, later)
    standing, turn = evaluate(STUCK, firing, 0, firing.evaluated_at + MOST_APART)
    assert turn is Turn.RESOLVES


def test_a_small_sample_says_nothing() -> None:
    assert Sample(value=0.1, of=19).enough_for(CONFIRMATION_LOW) is None
    assert Sample(value=0.1, of=20).enough_for(CONFIRMATION_LOW) == 0.1
    assert Sample(value=1.0).enough_for(STUCK) == 1.0


def test_every_rule_resolves_at_a_value_that_does_not_fire() -> None:
    assert len({rule.key for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert not rule.is_bad(rule.good)
        assert rule.is_good(rule.good)


rules = st.sampled_from(RULES)
values = st.lists(
    st.tuples(st.sampled_from(["bad", "between", "good", "none"]), st.integers(1, 50)),
    min_size=1,
    max_size=12,
)


def trace_of(rule: Rule, spells: list[tuple[str, int]]) -> list[float | None]:
    bad = rule.threshold - 0.01 if rule.below else rule.threshold + 1
    meant = {"bad": bad, "between": (rule.threshold + rule.good) / 2, "good": rule.good, "none": None}
    return [meant[kind] for kind, looks in spells for _ in range(looks)]


@given(rule=rules, spells=values)
def test_turns_alternate_and_rest_on_unbroken_proof(rule: Rule, spells: list[tuple[str, int]]) -> None:
    trace = trace_of(rule, spells)
    turns, _ = replay(rule, trace)
    assert [turn for _, turn in turns] == [Turn.FIRES, Turn.RESOLVES] * (len(turns) // 2) + [Turn.FIRES] * (
        len(turns) % 2
    )
    for at, turn in turns:
        look = at // EVERY
        span = rule.fires_after if turn is Turn.FIRES else rule.resolves_after
        proof = trace[max(0, look - span // EVERY) : look + 1]
        assert len(proof) == span // EVERY + 1
        right = rule.is_bad if turn is Turn.FIRES else rule.is_good
        assert all(value is not None and right(value) for value in proof)


@given(rule=rules, spells=values)
def test_no_rule_flaps(rule: Rule, spells: list[tuple[str, int]]) -> None:
    """From one firing to the next at least both times it takes to turn go by."""
    fired = [at for at, turn in replay(rule, trace_of(rule, spells))[0] if turn is Turn.FIRES]
    for first, second in pairwise(fired):
        assert second - first >= rule.fires_after + rule.resolves_after


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.good != rule.threshold])
def test_a_value_that_swings_about_its_threshold_fires_at_most_once(rule: Rule) -> None:
    [bad, between] = [trace_of(rule, [(kind, 1)])[0] for kind in ("bad", "between")]
    trace = [*held(bad, 20 * MINUTE), *([bad, between] * 200)]
    assert len(replay(rule, trace)[0]) == 1

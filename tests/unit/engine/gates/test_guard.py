"""The guard's triggers: what fires, what does not, and how often by chance."""

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from math import inf, log

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from assignments.engine.gates.clusters import Share
from assignments.engine.gates.guard import (
    E_LIMIT,
    Ceiling,
    GuardInput,
    GuardRules,
    OpenBreaker,
    RateWatch,
    Reading,
    Seen,
    e_value,
    e_value_of_hours,
    log_e_value,
    triggers,
    unseen,
)

REVIEW, ERRORS = Fraction("0.1"), Fraction("0.01")
RULES = GuardRules(
    watches=(
        RateWatch(key="review_rate", title="Manual review", null=REVIEW),
        RateWatch(key="error_rate", title="Coordinator errors", null=ERRORS),
    ),
    ceilings=(Ceiling(key="queue_age", title="Oldest task", at_most=Fraction(60), sample=10, unit="s"),),
)


def fired(**changes: object) -> list[str]:
    return [trigger.key for trigger in triggers(RULES, GuardInput(**{"age_seconds": 0} | changes))]  # type: ignore[arg-type]


@cache
def evidence(hits: int, trials: int, null: Fraction) -> float:
    return e_value(hits, trials, null)


def first_alarm(
    rates: Sequence[float], null: Fraction, *, hour: int, seed: int, limit: int = E_LIMIT
) -> float:
    """After how many bookings a phase is rolled back, looked at every 10; infinite if never.

    `rates` are the true ones, for each 10 bookings; an hour has `hour` of these.
    """
    drawn = np.random.default_rng(seed).binomial(10, rates)
    total = [0, *(int(count) for count in drawn.cumsum())]
    for look in range(1, len(total)):
        starts = range(0, look, hour)
        found = 1 / (len(starts) + 1) + sum(
            evidence(total[look] - total[start], 10 * (look - start), null) / (number * (number + 1))
            for number, start in enumerate(starts, start=1)
        )
        if found > limit:
            return 10.0 * look
    return inf


def alarms(rates: Sequence[float], null: Fraction, *, phases: int, hour: int = 10) -> list[float]:
    return [first_alarm(rates, null, hour=hour, seed=seed) for seed in range(phases)]


def hours(*counts: tuple[int, int]) -> tuple[Share, ...]:
    return tuple(Share(hits=hits, trials=trials) for hits, trials in counts)


@pytest.mark.parametrize("null", [REVIEW, ERRORS])
@pytest.mark.parametrize(("hits", "trials"), [(0, 0), (0, 50), (3, 10), (8, 1243), (200, 1000)])
def test_the_e_value_is_the_average_likelihood_over_that_of_the_null(
    null: Fraction, hits: int, trials: int
) -> None:
    rate, weight = float(null), 4 if null == REVIEW else 34

    def ratio(other: float) -> float:
        logarithm = hits * log(other / rate) + (trials - hits) * log((1 - other) / (1 - rate))
        return float(np.exp(logarithm)) * weight * (1 - other) ** (weight - 1) / (1 - rate) ** weight

    expected = quad(ratio, rate, 1, points=[hits / trials] if trials and rate < hits / trials else None)[0]
    assert e_value(hits, trials, null) == pytest.approx(expected, rel=1e-6)


@settings(max_examples=60)
@given(
    null=st.sampled_from([REVIEW, ERRORS, Fraction("0.5")]),
    counts=st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
)
@example(null=Fraction("0.5"), counts=(113, 1664))  # The tail is below the smallest normal float.
def test_a_clean_booking_lowers_the_e_value_and_a_bad_one_raises_it(
    null: Fraction, counts: tuple[int, int]
) -> None:
    hits, trials = counts
    before = log_e_value(hits, trials, null)
    assert log_e_value(hits, trials + 1, null) <= before
    assert log_e_value(hits + 1, trials + 1, null) >= before


@settings(max_examples=60)
@given(
    null=st.sampled_from([REVIEW, ERRORS]),
    true=st.floats(0, 1),
    counts=st.integers(0, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
)
def test_under_the_null_the_next_booking_never_raises_the_e_value_on_average(
    null: Fraction, true: float, counts: tuple[int, int]
) -> None:
    """What makes it valid at any time, for every rate up to the threshold."""
    hits, trials = counts
    rate = true * float(null)
    now = e_value(hits, trials, null)
    following = rate * e_value(hits + 1, trials + 1, null) + (1 - rate) * e_value(hits, trials + 1, null)
    assert following <= now * (1 + 1e-9)


@pytest.mark.parametrize(("null", "looks"), [(REVIEW, 120), (ERRORS, 240)])
@pytest.mark.parametrize("share", [0.8, 1.0])
def test_looking_every_ten_bookings_alarms_falsely_in_less_than_5_percent_of_phases(
    null: Fraction, looks: int, share: float
) -> None:
    found = alarms([share * float(null)] * looks, null, phases=400, hour=looks // 12)
    assert np.isfinite(found).mean() < 0.05


@pytest.mark.parametrize(
    ("null", "times", "within"), [(REVIEW, 2, 200), (REVIEW, 3, 60), (ERRORS, 2, 2000), (ERRORS, 3, 600)]
)
def test_a_regression_is_seen_after_few_bookings(null: Fraction, times: int, within: int) -> None:
    assert np.median(alarms([times * float(null)] * 400, null, phases=100, hour=20)) <= within


def test_a_regression_after_a_good_day_is_seen_as_soon_nearly() -> None:
    """1,200 bookings at 2.5 % review, then 30 %: one e-value over all counts takes over 500 bookings."""
    found = np.array(alarms([0.025] * 120 + [0.3] * 100, REVIEW, phases=100, hour=5))
    assert np.isfinite(found).all()
    assert np.median(found) - 1200 < 150
    plain = next(more for more in range(1000) if e_value(30 + 3 * more // 10, 1200 + more, REVIEW) > E_LIMIT)
    assert plain > 500


def test_hours_weigh_less_the_later_they_begin() -> None:
    counts = [(1, 20), (9, 20)]
    expected = 1 / 3 + e_value(10, 40, REVIEW) / 2 + e_value(9, 20, REVIEW) / 6
    assert e_value_of_hours(hours(*counts), REVIEW) == pytest.approx(expected)
    assert e_value_of_hours((), REVIEW) == 1


def test_counts_far_below_the_threshold_are_no_evidence() -> None:
    assert e_value(0, 1_000_000, REVIEW) < 1e-5
    assert e_value(1_000_000, 1_000_000, REVIEW) > E_LIMIT


@pytest.mark.parametrize(
    ("hits", "trials", "null"), [(3, 2, "0.1"), (-1, 2, "0.1"), (0, 1, "0"), (0, 1, "1")]
)
def test_impossible_counts_are_refused(hits: int, trials: int, null: str) -> None:
    with pytest.raises(ValueError, match="against"):
        log_e_value(hits, trials, Fraction(null))


def test_two_watches_alarm_falsely_in_less_than_5_percent_of_phases_together() -> None:
    """Both at exactly their threshold; with 20 as the limit of each it would be some 5 % (ADR 0095)."""
    limit = RULES.limit_of_each
    both = [
        min(
            first_alarm([float(REVIEW)] * 120, REVIEW, hour=10, seed=2 * seed, limit=limit),
            first_alarm([float(ERRORS)] * 120, ERRORS, hour=10, seed=2 * seed + 1, limit=limit),
        )
        for seed in range(400)
    ]
    assert np.isfinite(both).mean() < 0.05


def test_each_of_two_watches_needs_twice_the_evidence_of_an_only_one() -> None:
    counted = hours((10, 300))
    assert E_LIMIT < e_value_of_hours(counted, ERRORS) < 2 * E_LIMIT
    given = GuardInput(age_seconds=0, rates=(Seen(key="error_rate", hours=counted),))
    assert triggers(RULES, given) == ()
    [trigger] = triggers(GuardRules(watches=RULES.watches[1:]), given)
    assert (trigger.key, trigger.limit) == ("error_rate", Fraction(E_LIMIT))


def test_the_statistical_trigger_names_its_figures() -> None:
    [trigger] = triggers(
        RULES, GuardInput(age_seconds=0, rates=(Seen(key="error_rate", hours=hours((5, 100), (15, 300))),))
    )
    assert (trigger.key, trigger.limit) == ("error_rate", Fraction(40))
    assert trigger.statistical
    assert trigger.sentence.startswith("Coordinator errors: 5 % (20 of 400) against 1 %, e-value ")
    assert fired(rates=(Seen(key="error_rate", hours=hours((4, 400))),)) == []
    assert fired(rates=(Seen(key="review_rate", hours=()),)) == []


def test_a_breaker_may_be_open_for_five_minutes() -> None:
    assert fired(breakers=(OpenBreaker(name="restaurant 7", seconds=300),)) == []
    assert fired(breakers=(OpenBreaker(name="restaurant 7", seconds=301),)) == ["breaker_open"]


def test_the_last_hours_reviews_count_from_a_minimum_sample_on() -> None:
    assert fired(hour_reviews=199, hour_outcomes=199) == []
    assert fired(hour_reviews=20, hour_outcomes=200) == []
    assert fired(hour_reviews=21, hour_outcomes=200) == ["hourly_review"]


def test_an_incident_of_the_highest_priority_rolls_back() -> None:
    assert fired(p0_incidents=1) == ["p0_incident"]


def test_a_ceiling_of_the_policy_rolls_back_when_it_is_passed_by_enough_bookings() -> None:
    assert fired(readings=(Reading(key="queue_age", value=Fraction(60), sample=10),)) == []
    assert fired(readings=(Reading(key="queue_age", value=Fraction(61), sample=9),)) == []
    assert fired(readings=(Reading(key="queue_age", value=Fraction(61), sample=10),)) == ["queue_age"]


def test_the_guard_says_what_it_cannot_see() -> None:
    seen = (Seen(key="review_rate", hours=()),)
    assert unseen(RULES, GuardInput(age_seconds=0, rates=seen)) == ("error_rate", "queue_age")
    assert unseen(RULES, GuardInput(age_seconds=121, rates=seen)) == (
        "review_rate",
        "error_rate",
        "queue_age",
    )


def test_counts_that_cannot_be_blind_the_guard_to_their_rate_alone() -> None:
    seen = (Seen(key="review_rate", hours=hours((5, 4))), Seen(key="error_rate", hours=hours((20, 400))))
    assert fired(rates=seen, p0_incidents=1) == ["p0_incident", "error_rate"]
    assert unseen(RULES, GuardInput(age_seconds=0, rates=seen)) == ("review_rate", "queue_age")


def test_overwhelming_evidence_is_said_to_be_so() -> None:
    [trigger] = triggers(
        RULES, GuardInput(age_seconds=0, rates=(Seen(key="error_rate", hours=hours((900, 900))),))
    )
    assert trigger.measured == 1_000_000
    assert "e-value above a million" in trigger.sentence

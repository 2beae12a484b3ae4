"""The default policy against the rollout's table, and what freezes it."""

from fractions import Fraction

import pytest

from assignments.engine.gates.defaults import default_policy
from assignments.engine.gates.policy import Environment, Phase, Policy
from assignments.engine.gates.records import dump, load
from assignments.engine.gates.rules import Extent, Kind

POLICY = default_policy()
DAY = 86_400
PRODUCTION = ("on-call engineer", "product owner")
STAGING = ("QA lead", "engineering lead")

#: Phase, environment, V3 for so many of 10,000, shadow, least seconds and bookings, signers, rolled back to.
TABLE = [
    ("local_test", "local", 10_000, False, 0, 0, (), "legacy"),
    ("staging_shadow", "staging", 0, True, DAY, 100, STAGING, "legacy"),
    ("staging_full", "staging", 10_000, False, 2 * DAY, 100, STAGING, "staging_shadow"),
    ("production_shadow", "production", 0, True, DAY, 0, PRODUCTION, "legacy"),
    ("production_10", "production", 1_000, False, DAY, 0, PRODUCTION, "production_shadow"),
    ("production_50", "production", 5_000, False, DAY, 0, PRODUCTION, "production_10"),
    ("production_100", "production", 10_000, False, 7 * DAY, 0,
     ("engineering manager", "product owner"), "production_50"),
    ("legacy_cleanup", "production", 10_000, False, 7 * DAY, 0, ("engineering manager",), "production_50"),
]  # fmt: skip

#: For phases in which V3 decides: threshold of confirmation and review rate.
RATES = {
    "staging_full": ("0.95", "0.1"),
    "production_10": ("0.95", "0.1"),
    "production_50": ("0.95", "0.1"),
    "production_100": ("0.97", "0.01"),
}


def row(phase: Phase) -> tuple[object, ...]:
    return (
        phase.key, phase.environment, phase.exposure.v3_share, phase.exposure.shadow, phase.minimum.seconds,
        phase.minimum.bookings, phase.signers, phase.rollback_target,
    )  # fmt: skip


def test_the_phases_are_those_of_the_rollout_in_order() -> None:
    assert [row(phase) for phase in POLICY.phases] == TABLE


def test_only_the_clean_up_removes_legacy_and_only_production_begins_with_evidence() -> None:
    assert [p.key for p in POLICY.phases if p.exposure.legacy_removed] == ["legacy_cleanup"]
    assert [p.key for p in POLICY.phases if p.entrance] == ["production_shadow"]


@pytest.mark.parametrize("key", RATES)
def test_rates_are_those_of_the_sheet_and_for_all_of_production_those_of_the_runbook(key: str) -> None:
    phase, (confirmed, review) = POLICY.phase(key), RATES[key]
    assert phase.gate("confirmation_rate").threshold == Fraction(confirmed)
    assert phase.gate("review_rate").threshold == Fraction(review)
    assert phase.gate("error_rate").threshold == Fraction("0.01")
    assert phase.gate("assignment_latency").threshold == 3000
    assert phase.gate("lock_wait").threshold == 100
    assert phase.gate("final_states").threshold == Fraction("0.95")
    assert phase.gate("lock_contention").threshold == Fraction("0.05")
    watched = {watch.key: watch.null for watch in phase.guard.watches}
    assert watched == {"review_rate": Fraction(review), "error_rate": Fraction("0.01")}


@pytest.mark.parametrize("phase", POLICY.phases, ids=lambda phase: phase.key)
def test_shadow_is_compared_where_it_runs_and_rates_where_v3_decides(phase: Phase) -> None:
    keys = {gate.key for gate in phase.gates}
    assert ("shadow_coverage" in keys) == phase.exposure.shadow == ("shadow_success" in keys)
    assert ("confirmation_rate" in keys) == (phase.key in RATES)
    assert len(keys) == len(phase.gates)


def test_only_phases_after_one_of_production_are_held_against_it() -> None:
    compared = [p.key for p in POLICY.phases if any(gate.kind is Kind.NOT_LOWER for gate in p.gates)]
    assert compared == ["production_50", "production_100"]


def test_a_floor_asks_for_five_restaurants_or_all_of_a_smaller_cohort() -> None:
    phase = POLICY.phase("production_10")
    small, large = phase.frozen(cohort=2), phase.frozen(cohort=40)
    assert large == phase
    assert small.minimum == Extent(seconds=DAY, restaurants=2)
    assert small.gate("minimum_restaurants").threshold == 2
    assert {gate.floors.restaurants for gate in small.gates} == {0, 2}


def test_thresholds_survive_json_and_any_change_of_them_changes_the_digest() -> None:
    assert load(Policy, dump(POLICY)) == POLICY
    phase = POLICY.phase("production_10")
    assert load(Phase, dump(phase)).digest() == phase.digest()
    assert phase.frozen(cohort=2).digest() != phase.digest()
    assert len({p.digest() for p in POLICY.phases} | {POLICY.digest()}) == 9


def test_no_phase_is_skipped_and_locally_all_may_be_entered() -> None:
    after = POLICY.after("production_10")
    assert after is not None
    assert after.key == "production_50"
    assert POLICY.after("legacy_cleanup") is None
    assert POLICY.in_environment(Environment.LOCAL) == POLICY.phases
    assert [p.key for p in POLICY.in_environment(Environment.STAGING)] == ["staging_shadow", "staging_full"]


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(KeyError, match="there are local_test"):
        POLICY.phase("production_20")
    with pytest.raises(KeyError, match="it has stuck_bookings"):
        POLICY.phase("local_test").gate("rate")
    assert POLICY.ramp.soak.threshold == Fraction("0.97")
    assert (POLICY.ramp.start, POLICY.ramp.most, POLICY.ramp.step) == (3, 10, 1)

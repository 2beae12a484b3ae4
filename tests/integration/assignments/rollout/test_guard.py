"""The guard takes a phase back by itself, at once where a fixed limit is passed, else on evidence."""

from datetime import timedelta

import pytest

from assignments.engine.phases import PhaseKey
from assignments.models import (
    FlagState,
    GuardStanding,
    Incident,
    IncidentSeverity,
    LedgerEntry,
    LeftHow,
    Phase,
    SignOff,
)
from assignments.rollout import guard, incidents, phases, rollback
from observability.alerts import samples
from tests.factories import NOW
from tests.integration.assignments.rollout import happenings
from tests.integration.assignments.rollout.people import ENGINEER, propose, reach

pytestmark = pytest.mark.django_db

TWO_HOURS_AGO = NOW - timedelta(hours=2)


@pytest.fixture
def phase(ten_restaurants: list[object]) -> Phase:
    return reach(PhaseKey.PRODUCTION_50)


def test_a_healthy_phase_is_left_alone_and_the_evidence_is_shown(phase: Phase) -> None:
    happenings.outcomes(1, at=TWO_HOURS_AGO, confirmed=95, reviewed=5)
    assert guard.watch(now=NOW) is None
    assert phases.current() == phase
    standing = GuardStanding.objects.get()
    assert float(standing.evidence["review_rate"]) < 1
    assert standing.blind_to == []


def test_many_reviews_take_the_phase_back_with_everything_on_record(phase: Phase) -> None:
    happenings.outcomes(1, at=TWO_HOURS_AGO, confirmed=60, reviewed=40)
    rolled = guard.watch(now=NOW)
    assert rolled is not None
    assert rolled.phase is not None
    assert rolled.phase.key == PhaseKey.PRODUCTION_10
    phase.refresh_from_db()
    assert phase.left_how == LeftHow.ROLLED_BACK
    assert FlagState.objects.get().cohort == rolled.phase.cohort
    assert Incident.objects.get().severity == IncidentSeverity.P1
    triggered = LedgerEntry.objects.get(kind="guard.triggered")
    assert triggered.body["triggers"][0]["key"] == "review_rate"


def test_the_hour_that_a_phase_was_rolled_back_for_is_not_held_against_the_next(phase: Phase) -> None:
    """What the last hour holds from before is what the phase before it was rolled back for."""
    happenings.outcomes(1, at=NOW, confirmed=200, reviewed=40)
    rolled = guard.watch(now=NOW)
    assert rolled is not None
    for seconds in (16, 32):
        assert guard.watch(now=NOW + timedelta(seconds=seconds)) is None
    assert phases.current() == rolled.phase


def test_reviews_that_carry_a_proof_are_nobodys_fault(phase: Phase) -> None:
    happenings.outcomes(1, at=NOW, confirmed=60, reviewed=60, reason="no_capacity_at_time")
    assert guard.watch(now=NOW) is None


def test_errors_of_the_coordinator_take_it_back(phase: Phase) -> None:
    happenings.outcomes(1, at=TWO_HOURS_AGO, confirmed=40)
    happenings.failures(2, at=TWO_HOURS_AGO, number=8)
    assert guard.watch(now=NOW) is not None


def test_a_breaker_open_for_more_than_five_minutes_takes_it_back(phase: Phase) -> None:
    happenings.breaker(opened=NOW - timedelta(minutes=4))
    assert guard.watch(now=NOW) is None
    later = NOW + timedelta(seconds=61)
    assert guard.watch(now=later) is not None


def test_a_breaker_is_held_against_a_phase_from_its_start_and_never_against_shadow(
    ten_restaurants: list[object],
) -> None:
    phase = reach(PhaseKey.PRODUCTION_50, now=NOW + timedelta(days=8))
    happenings.breaker(opened=NOW - timedelta(hours=1))
    assert guard.watch(now=NOW + timedelta(minutes=4)) is None
    rolled = guard.watch(now=NOW + timedelta(minutes=6))
    assert rolled is not None
    assert rolled.left == phase
    rollback.roll_back(
        phase=rolled.phase or phase, reason="further", by=ENGINEER, now=NOW + timedelta(minutes=7)
    )
    assert guard.watch(now=NOW + timedelta(hours=2)) is None


def test_an_open_p0_takes_it_back_and_a_closed_one_of_before_does_not(phase: Phase) -> None:
    incidents.report(severity=IncidentSeverity.P0, title="no mails", phase=phase, by=ENGINEER, now=NOW)
    rolled = guard.watch(now=NOW)
    assert rolled is not None
    assert guard.watch(now=NOW + timedelta(seconds=16)) is None


def test_it_acts_while_a_sign_off_is_pending_which_is_void_then(phase: Phase) -> None:
    pending = propose(phase)
    happenings.outcomes(1, at=TWO_HOURS_AGO, confirmed=60, reviewed=40)
    assert guard.watch(now=NOW) is not None
    pending.refresh_from_db()
    assert SignOff.objects.get(pk=pending.pk).ended == "voided"


def test_it_looks_every_fifteen_seconds_once(phase: Phase) -> None:
    guard.watch(now=NOW)
    happenings.outcomes(1, at=TWO_HOURS_AGO, confirmed=60, reviewed=40)
    assert guard.watch(now=NOW + timedelta(seconds=14)) is None
    assert guard.watch(now=NOW + timedelta(seconds=15)) is not None


def test_without_a_phase_there_is_nothing_to_guard(db: None) -> None:
    assert guard.watch(now=NOW) is None


def test_a_rollback_is_an_alert_for_half_an_hour(phase: Phase) -> None:
    assert samples.rolled_back(NOW).value == 0
    incidents.report(severity=IncidentSeverity.P0, title="no mails", phase=phase, by=ENGINEER, now=NOW)
    guard.watch(now=NOW)
    assert samples.rolled_back(NOW + timedelta(seconds=1)).value == 1
    assert samples.rolled_back(NOW + timedelta(minutes=31)).value == 0

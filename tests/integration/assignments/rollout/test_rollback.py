"""Rolling back: at any time, by one person or the guard, and it wins against whoever wants to go on."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from assignments.engine.flags import Mode
from assignments.engine.phases import PHASES, PhaseKey, Role
from assignments.flags import acknowledgements, services, store
from assignments.flags.authors import Author
from assignments.models import (
    FlagState,
    Incident,
    LedgerEntry,
    LeftHow,
    Phase,
    SignOff,
    SignOffEnd,
)
from assignments.rollout import phases, rights, rollback
from assignments.rollout.errors import Code, RolloutError
from observability import events
from observability.models import Event
from tests.factories import NOW
from tests.integration.assignments.rollout.people import ENGINEER, person, propose, reach, sign_by_all
from tests.integration.assignments.rollout.test_phases import in_cohort, modes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ten_restaurants")]

GUARD = Author(name="guard")


@contextmanager
def refused(code: Code) -> Iterator[None]:
    with pytest.raises(RolloutError) as refusal:
        yield
    assert refusal.value.code is code, refusal.value


def roll_back(phase: Phase, **other: Any) -> rollback.RolledBack:
    given: dict[str, Any] = {"reason": "errors all over", "by": GUARD, "now": NOW}
    return rollback.roll_back(phase=phase, **given | other)


@pytest.mark.parametrize("key", PhaseKey)
def test_each_phase_goes_back_to_its_target(key: PhaseKey) -> None:
    phase = reach(key)
    rolled = roll_back(phase)
    target = PHASES[key].rollback_to
    entered = phases.current()
    assert (entered.key if entered else None, rolled.phase) == (target, entered)
    phase.refresh_from_db()
    assert (phase.left_how, phase.left_at) == (LeftHow.ROLLED_BACK, NOW)
    seen = set(modes().values())
    if target is None:
        assert seen == {Mode.DISABLED}
    elif PHASES[target].shadow:
        assert seen == {Mode.SHADOW}
    else:
        assert entered is not None
        assert entered.by_rollback
        assert len(in_cohort()) == entered.restaurants < 10


def test_it_leaves_an_incident_a_record_and_a_loud_event() -> None:
    phase = reach(PhaseKey.PRODUCTION_10)
    rolled = roll_back(phase, trigger={"kind": "review_rate", "e_value": "31.4"})
    incident = Incident.objects.get()
    assert (incident.severity, incident.phase, incident.opened_by) == ("P1", phase, None)
    assert "Production 10 %" in incident.title
    record = LedgerEntry.objects.get(kind="phase.rolled_back")
    assert record.body["trigger"] == {"kind": "review_rate", "e_value": "31.4"}
    assert (record.body["to"], record.body["incident"]) == ("production_shadow", incident.pk)
    assert record.body["flag_version"] == rolled.flag_version == FlagState.objects.get().version
    event = Event.objects.get(event_type="phase.rolled_back")
    assert (event.source, event.severity, event.context["record"]) == ("rollout", "critical", record.number)


def test_going_further_back_is_possible_and_forwards_is_not() -> None:
    phase = reach(PhaseKey.PRODUCTION_50)
    for key in (PhaseKey.PRODUCTION_50, PhaseKey.PRODUCTION_100):
        with refused(Code.SKIPPED):
            roll_back(phase, to=key)
    rolled = roll_back(phase, to=PhaseKey.PRODUCTION_SHADOW)
    assert rolled.phase is not None
    assert rolled.phase.key == PhaseKey.PRODUCTION_SHADOW


def test_production_cannot_be_rolled_back_to_a_phase_of_staging(settings: Any) -> None:
    phase = reach(PhaseKey.PRODUCTION_10)
    settings.ENVIRONMENT = "production"
    Phase.objects.filter(pk=phase.pk).update(environment="production")
    phase.refresh_from_db()
    with refused(Code.SKIPPED):
        roll_back(phase, to=PhaseKey.STAGING_FULL)


def test_it_voids_what_is_open_to_be_signed_and_blocks_going_on_until_the_incident_is_closed() -> None:
    phase = reach(PhaseKey.PRODUCTION_10)
    sign_off = propose(phase)
    rolled = roll_back(phase)
    sign_off.refresh_from_db()
    assert (sign_off.ended, sign_off.ended_why) == (SignOffEnd.VOIDED, "Rolled back: errors all over")
    assert rolled.phase is not None
    with refused(Code.INCIDENT_OPEN):
        propose(rolled.phase)


def test_one_person_with_the_right_suffices_and_without_it_nobody_is_enough() -> None:
    phase = reach(PhaseKey.PRODUCTION_10)
    for role in (Role.PRODUCT_OWNER, Role.QA_LEAD, "viewer", "ops lead"):
        with refused(Code.NO_RIGHT):
            roll_back(phase, by=rights.author_of(person(role)))
    rolled = roll_back(phase, by=rights.author_of(person(Role.ON_CALL)))
    assert rolled.incident.opened_by == person(Role.ON_CALL)


def test_it_needs_a_reason() -> None:
    with refused(Code.UNEXPLAINED):
        roll_back(reach(PhaseKey.PRODUCTION_10), reason=" ")


def test_the_longest_reason_fits_everywhere() -> None:
    phase = reach(PhaseKey.PRODUCTION_10)
    propose(phase)
    assert roll_back(phase, reason="x" * 500).phase is not None


def test_a_second_rollback_of_the_same_stay_is_refused() -> None:
    phase = reach(PhaseKey.PRODUCTION_50)
    roll_back(phase)
    with refused(Code.PHASE_LEFT):
        roll_back(phase)
    assert Phase.objects.count() == 2
    rest = phases.current()
    assert rest is not None
    roll_back(rest)
    roll_back(phases.lock_current())
    with refused(Code.NO_PHASE):
        roll_back(phase)


def test_a_rollback_that_comes_just_after_a_decision_takes_it_back_too() -> None:
    asked_for = reach(PhaseKey.PRODUCTION_10)
    sign_by_all(propose(asked_for))
    went_on = phases.current()
    rolled = roll_back(asked_for)
    assert (rolled.left, rolled.left.key) == (went_on, PhaseKey.PRODUCTION_50)
    assert rolled.phase is not None
    assert rolled.phase.key == PhaseKey.PRODUCTION_SHADOW, "where phase 10 % goes back to"
    assert set(modes().values()) == {Mode.SHADOW}


# Pins --------------------------------------------------------------------------------------------------


def test_where_a_variable_pins_v3_on_the_kill_switch_is_used_and_below_it_all_is_right(
    settings: Any,
) -> None:
    phase = reach(PhaseKey.PRODUCTION_10)
    settings.FEATURE_ASSIGNMENT_PIPELINE_V3 = True
    rolled = roll_back(phase)
    assert (rolled.killed, set(modes().values())) == (True, {Mode.DISABLED})
    settings.FEATURE_ASSIGNMENT_PIPELINE_V3 = None
    services.revive(reason="unpinned", by=ENGINEER, now=NOW)
    assert set(modes().values()) == {Mode.SHADOW}


def test_a_pin_on_in_the_environment_of_a_live_worker_uses_the_kill_switch_too(settings: Any) -> None:
    phase = reach(PhaseKey.PRODUCTION_10)
    settings.FEATURE_ASSIGNMENT_PIPELINE_V3 = True
    acknowledgements.register("worker-1")
    settings.FEATURE_ASSIGNMENT_PIPELINE_V3 = None
    assert roll_back(phase).killed


def test_a_pin_that_turns_v3_off_is_in_nobodys_way(settings: Any) -> None:
    phase = reach(PhaseKey.PRODUCTION_10)
    settings.FEATURE_ASSIGNMENT_PIPELINE_V3 = False
    assert not roll_back(phase).killed
    assert store.read().flags.v3.members == frozenset()


# Stragglers --------------------------------------------------------------------------------------------


def start(*, at: Any, version: int, mode: str = "active") -> None:
    context = {"mode": mode, "trigger": "created", "flag_version": version}
    events.record(
        [events.Record(source=events.COORDINATOR, event_type="coordinator.start", at=at, context=context)]
    )


def test_runs_on_older_flags_are_watched_for_half_an_hour_and_reported_once() -> None:
    rolled = roll_back(reach(PhaseKey.PRODUCTION_10))
    older, minute = rolled.flag_version - 1, timedelta(minutes=1)
    start(at=NOW - minute, version=older)
    start(at=NOW + minute, version=older)
    start(at=NOW + 2 * minute, version=older)
    start(at=NOW + 3 * minute, version=rolled.flag_version)
    start(at=NOW + 4 * minute, version=older, mode="disabled")
    start(at=NOW + 31 * minute, version=older)
    assert rollback.watch(now=NOW + 29 * minute) == []
    (report,) = rollback.watch(now=NOW + 30 * minute)
    assert (report.body["runs"], report.body["last"]) == (2, (NOW + 2 * minute).isoformat())
    assert rollback.watch(now=NOW + 31 * minute) == []
    assert SignOff.objects.count() == 0

"""What a decision rests on: fresh evidence, gates that pass, no open P0 or P1; and overrides."""

from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import User

from assignments.engine.gates.rules import Verdict
from assignments.engine.phases import PhaseKey, Role
from assignments.models import Decision, IncidentSeverity, LedgerEntry, Phase, SignOff, SignOffEnd, Snapshot
from assignments.rollout import checklists, incidents, signoffs
from assignments.rollout.errors import Code, RolloutError
from tests.factories import NOW
from tests.integration.assignments.rollout.people import (
    ENGINEER,
    MINUTE,
    fresh,
    person,
    propose,
    propose_on,
    refused,
    sign,
    sign_by_all,
    snapshot_of,
    tick_all,
    voided,
)

pytestmark = pytest.mark.usefixtures("ten_restaurants")


# Evidence --------------------------------------------------------------------------------------------


def test_evidence_of_16_minutes_is_too_old_to_decide_and_of_15_is_not(phase: Phase) -> None:
    sign_off = propose(phase)
    sign(sign_off, Role.ON_CALL)
    sign(sign_off, Role.PRODUCT_OWNER, now=NOW + 16 * MINUTE)
    voided(sign_off, "The evidence is 16 minutes old")
    sign_off = propose(phase, now=NOW + 20 * MINUTE)
    sign(sign_off, Role.ON_CALL, now=NOW + 21 * MINUTE)
    assert sign(sign_off, Role.PRODUCT_OWNER, now=NOW + 35 * MINUTE).ended == SignOffEnd.DECIDED


def test_a_decision_takes_a_fresh_look_which_may_be_asked_for(phase: Phase) -> None:
    sign_off = propose(phase)
    sign(sign_off, Role.ON_CALL)
    decided = sign(sign_off, Role.PRODUCT_OWNER, now=NOW + 16 * MINUTE, look=fresh)
    assert decided.ended == SignOffEnd.DECIDED


@pytest.mark.parametrize("verdict", [verdict for verdict in Verdict if verdict is not Verdict.PASS])
def test_a_gate_that_passes_no_longer_voids(phase: Phase, verdict: Verdict) -> None:
    def look(phase: Phase, now: datetime) -> Snapshot:
        return snapshot_of(phase, at=now, verdicts={"confirmation_rate": verdict})

    sign_off = propose(phase)
    sign(sign_off, Role.ON_CALL)
    sign(sign_off, Role.PRODUCT_OWNER, now=NOW + MINUTE, look=look)
    voided(sign_off, f"The gate confirmation_rate is {verdict}")


def test_a_gate_of_the_policy_that_nobody_looked_at_does_not_pass(phase: Phase) -> None:
    tick_all(phase)
    seen = fresh(phase, NOW)
    missing = Snapshot(**{f.attname: getattr(seen, f.attname) for f in Snapshot._meta.concrete_fields})
    missing.pk, missing.taken_at = None, NOW + MINUTE
    missing.results = {key: result for key, result in seen.results.items() if key != "error_rate"}
    missing.save(force_insert=True)
    with pytest.raises(RolloutError, match="error_rate is NO_DATA"):
        propose_on(phase, missing)


def test_going_on_is_proposed_on_the_newest_evidence_and_fresh(phase: Phase) -> None:
    tick_all(phase)
    old = fresh(phase, NOW - 20 * MINUTE)
    with refused(Code.STALE):
        propose_on(phase, old)
    fresh(phase, NOW)
    with refused(Code.STALE):
        propose_on(phase, old)


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.NO_DATA, Verdict.STALE, Verdict.ERROR])
def test_going_on_is_not_proposed_against_a_gate(phase: Phase, verdict: Verdict) -> None:
    tick_all(phase)
    with refused(Code.NOT_PASSED):
        propose_on(phase, snapshot_of(phase, at=NOW, verdicts={"confirmation_rate": verdict}))


def test_going_on_waits_for_the_checklist(phase: Phase) -> None:
    seen = fresh(phase, NOW)
    with refused(Code.CHECKLIST_OPEN):
        propose_on(phase, seen)
    tick_all(phase)
    item = checklists.items_of(PhaseKey(phase.key))[0].key
    checklists.tick(phase=phase, item=item, done=False, user=User.objects.get(username="clerk"), now=NOW)
    with refused(Code.CHECKLIST_OPEN):
        propose_on(phase, seen)


def test_a_tick_that_is_taken_back_voids_the_decision(phase: Phase) -> None:
    sign_off = propose(phase)
    sign(sign_off, Role.ON_CALL)
    item = checklists.items_of(PhaseKey(phase.key))[0]
    checklists.tick(phase=phase, item=item.key, done=False, user=User.objects.get(username="clerk"), now=NOW)
    sign(sign_off, Role.PRODUCT_OWNER)
    voided(sign_off, f"The checklist is open at: {item.text}")


@pytest.mark.parametrize("severity", [IncidentSeverity.P0, IncidentSeverity.P1])
def test_an_open_p0_or_p1_stops_a_proposal_and_voids_a_decision(
    phase: Phase, severity: IncidentSeverity
) -> None:
    sign_off = propose(phase)
    sign(sign_off, Role.ON_CALL)
    incident = incidents.report(severity=severity, title="Down", phase=phase, by=ENGINEER, now=NOW)
    sign(sign_off, Role.PRODUCT_OWNER, look=fresh)
    voided(sign_off, "Down is open")
    with refused(Code.INCIDENT_OPEN):
        propose_on(phase, fresh(phase, NOW + MINUTE))
    incidents.close(incident, resolution="Up again.", user=person(Role.ON_CALL), now=NOW)
    assert propose_on(phase, fresh(phase, NOW + MINUTE)).closed_at is None


@pytest.mark.parametrize("severity", [IncidentSeverity.P2, IncidentSeverity.COMPLAINT])
def test_lesser_incidents_are_the_gates_affair(phase: Phase, severity: IncidentSeverity) -> None:
    incidents.report(severity=severity, title="Slow", phase=phase, by=ENGINEER, now=NOW)
    assert sign_by_all(propose(phase)).ended == SignOffEnd.DECIDED


# Overrides -------------------------------------------------------------------------------------------


def override(sign_off: SignOff, **other: Any) -> None:
    given: dict[str, Any] = {
        "gate": "confirmation_rate",
        "user": person(Role.MANAGER, name="boss"),
        "reason": "quiet week",
        "now": NOW,
    }
    signoffs.override(sign_off, **given | other)


def unsettled(phase: Phase, now: datetime) -> Snapshot:
    return snapshot_of(phase, at=now, verdicts={"confirmation_rate": Verdict.INCONCLUSIVE})


def test_an_unsettled_gate_that_was_taken_on_lets_the_phase_go_on_and_is_marked_for_good(
    phase: Phase,
) -> None:
    sign_off = propose(phase, confirmation_rate=Verdict.INCONCLUSIVE)
    shown = sign_off.digest
    override(sign_off)
    sign_off.refresh_from_db()
    assert sign_off.digest != shown
    with refused(Code.OTHER_EVIDENCE):
        sign(sign_off, Role.ON_CALL, digest=shown)
    assert sign_by_all(sign_off, look=unsettled).ended == SignOffEnd.DECIDED
    decided = LedgerEntry.objects.get(kind="signoff.decided")
    assert decided.body["overridden"] == ["confirmation_rate"]
    assert LedgerEntry.objects.get(kind="gate.overridden").body["reason"] == "quiet week"


def test_an_unsettled_gate_that_nobody_took_on_voids(phase: Phase) -> None:
    sign_off = propose(phase, confirmation_rate=Verdict.INCONCLUSIVE)
    sign_by_all(sign_off)
    voided(sign_off, "confirmation_rate is INCONCLUSIVE")


@pytest.mark.parametrize("verdict", [verdict for verdict in Verdict if verdict is not Verdict.INCONCLUSIVE])
def test_nothing_but_an_unsettled_gate_can_be_overridden(phase: Phase, verdict: Verdict) -> None:
    sign_off = propose(phase, decision=Decision.HOLD, confirmation_rate=verdict)
    with refused(Code.NOT_UNSETTLED):
        override(sign_off)
    with refused(Code.NOT_UNSETTLED):
        override(sign_off, gate="no such gate")


def test_an_overridden_gate_that_fails_by_then_voids(phase: Phase) -> None:
    def look(phase: Phase, now: datetime) -> Snapshot:
        return snapshot_of(phase, at=now, verdicts={"confirmation_rate": Verdict.FAIL})

    sign_off = propose(phase, confirmation_rate=Verdict.INCONCLUSIVE)
    override(sign_off)
    sign_off.refresh_from_db()
    sign(sign_off, Role.ON_CALL)
    sign(sign_off, Role.PRODUCT_OWNER, now=NOW + MINUTE, look=look)
    voided(sign_off, "confirmation_rate is FAIL")


def test_only_the_engineering_manager_overrides_with_a_reason_before_anyone_has_signed(phase: Phase) -> None:
    sign_off = propose(phase, confirmation_rate=Verdict.INCONCLUSIVE)
    for role in (Role.PRODUCT_OWNER, Role.ENGINEERING_LEAD, Role.ON_CALL, Role.QA_LEAD):
        with refused(Code.NO_RIGHT):
            override(sign_off, user=person(role))
    with refused(Code.UNEXPLAINED):
        override(sign_off, reason=" ")
    sign(sign_off, Role.ON_CALL)
    with refused(Code.SIGNED_ALREADY):
        override(sign_off)

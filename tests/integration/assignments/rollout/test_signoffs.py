"""Sign-offs: a quorum moves the rollout on; what was changed or replayed moves nothing."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from assignments.engine.gates.rules import Verdict
from assignments.engine.phases import PHASES, PhaseKey, Role
from assignments.flags import services
from assignments.models import Decision, IncidentSeverity, LedgerEntry, Phase, Signature, SignOff, SignOffEnd
from assignments.rollout import incidents, ledger, phases, policies, rights, signoffs
from assignments.rollout.errors import Code
from tests.factories import NOW
from tests.integration.assignments.rollout.people import (
    ENGINEER,
    MINUTE,
    edited,
    fresh,
    person,
    propose,
    propose_on,
    reach,
    refused,
    sign,
    sign_by_all,
    voided,
)

pytestmark = pytest.mark.usefixtures("ten_restaurants")


# Going on --------------------------------------------------------------------------------------------


def test_a_quorum_moves_the_rollout_on(phase: Phase) -> None:
    sign_off = propose(phase)
    waiting = sign(sign_off, Role.ON_CALL, look=fresh)
    assert (waiting.closed_at, phases.current()) == (None, phase)
    decided = sign(sign_off, Role.PRODUCT_OWNER, look=fresh)
    assert (decided.ended, decided.ended_why) == (SignOffEnd.DECIDED, "")
    entered = phases.current()
    assert entered is not None
    assert (entered.key, entered.actor) == (PhaseKey.PRODUCTION_50, sign_off.proposed_by)
    phase.refresh_from_db()
    assert (phase.left_at, phase.left_how) == (NOW, "proceeded")
    assert ledger.verify() is None


@pytest.mark.parametrize("key", [key for key in PhaseKey if PHASES[key].signers])
def test_each_phase_is_left_by_exactly_its_own_signers(key: PhaseKey) -> None:
    sign_off = propose(reach(key), by=person(Role.QA_LEAD, name="proposer"))
    for role in set(Role) - PHASES[key].signers:
        with refused(Code.NOT_ASKED):
            sign(sign_off, role)
    assert sign_by_all(sign_off).ended == SignOffEnd.DECIDED


def test_a_decision_needs_every_role(phase: Phase) -> None:
    sign_off = propose(phase)
    sign(sign_off, Role.ON_CALL)
    with refused(Code.INCOMPLETE):
        signoffs.decide(sign_off, now=NOW)


def test_after_the_last_phase_of_an_environment_the_flags_stay_and_it_is_signed_off_once() -> None:
    phase = reach(PhaseKey.LEGACY_CLEANUP)
    assert sign_by_all(propose(phase)).ended == SignOffEnd.DECIDED
    assert phases.current() == phase
    assert LedgerEntry.objects.filter(kind="phase.completed").count() == 1
    with refused(Code.ALREADY_SIGNED_OFF):
        propose_again(phase)


def propose_again(phase: Phase) -> SignOff:
    return signoffs.propose(
        phase=phase,
        snapshot=phase.snapshots.latest("taken_at"),
        decision=Decision.PROCEED,
        reason="again",
        by=User.objects.get(username="proposer"),
        now=NOW,
    )


# What is signed --------------------------------------------------------------------------------------


def test_a_form_for_other_evidence_signs_nothing(phase: Phase) -> None:
    first = propose(phase)
    signoffs.withdraw(first, user=first.proposed_by, reason="a typing error", now=NOW)
    second = propose(phase, now=NOW + MINUTE)
    with refused(Code.OTHER_EVIDENCE):
        sign(second, Role.ON_CALL, digest=first.digest)


def test_a_replayed_form_signs_nothing(phase: Phase) -> None:
    sign_off = propose(phase)
    sign(sign_off, Role.ON_CALL)
    with refused(Code.SIGNED_ALREADY):
        sign(sign_off, Role.ON_CALL)
    sign(sign_off, Role.PRODUCT_OWNER, look=fresh)
    with refused(Code.SIGN_OFF_CLOSED):
        sign(sign_off, Role.ON_CALL)
    with refused(Code.SIGN_OFF_CLOSED):
        signoffs.decide(sign_off, now=NOW)


def test_a_signature_for_holding_is_none_for_going_on(phase: Phase) -> None:
    hold = propose(phase, decision=Decision.HOLD)
    signoffs.withdraw(hold, user=hold.proposed_by, reason="a typing error", now=NOW)
    going_on = propose(phase)
    assert going_on.digest != hold.digest
    with refused(Code.OTHER_EVIDENCE):
        sign(going_on, Role.ON_CALL, digest=hold.digest)


def test_a_changed_flag_voids_at_the_next_signature(phase: Phase) -> None:
    sign_off = propose(phase)
    sign(sign_off, Role.ON_CALL)
    services.set_shadow(on=True, reason="a test", by=ENGINEER, now=NOW)
    sign(sign_off, Role.PRODUCT_OWNER, look=fresh)
    voided(sign_off, "The flags changed")


def test_a_changed_flag_is_found_without_a_signature(phase: Phase) -> None:
    sign_off = propose(phase)
    assert signoffs.void_if_changed(phase, now=NOW) is None
    services.set_max_parallel(limit=4, reason="a test", by=ENGINEER, now=NOW)
    assert signoffs.void_if_changed(phase, now=NOW) == sign_off
    voided(sign_off, "The flags changed")


def test_another_cohort_voids(phase: Phase) -> None:
    sign_off = propose(phase)
    services.set_cohort(percentage=20, reason="a test", by=ENGINEER, now=NOW)
    sign(sign_off, Role.ON_CALL)
    voided(sign_off, "The flags changed")


def test_a_kill_voids(phase: Phase) -> None:
    sign_off = propose(phase)
    services.kill(reason="a test", by=ENGINEER, now=NOW)
    sign(sign_off, Role.ON_CALL)
    voided(sign_off, "The flags changed")


def test_an_adopted_policy_voids_at_once(phase: Phase) -> None:
    sign_off = propose(phase)
    sign(sign_off, Role.ON_CALL)
    editor = person(Role.ENGINEERING_LEAD)
    edited(phase, editor)
    assert SignOff.objects.get().closed_at is None, "a version nobody adopted changes nothing"
    policies.adopt(phase, reason="a test", by=rights.author_of(editor), now=NOW)
    voided(sign_off, "The policy changed")


def test_a_policy_that_is_changed_past_all_rules_voids_at_the_decision(phase: Phase) -> None:
    sign_off = propose(phase)
    edited(phase, person(Role.ENGINEERING_LEAD))
    Phase.objects.filter(pk=phase.pk).update(policy=policies.current(PhaseKey.PRODUCTION_10, now=NOW))
    sign(sign_off, Role.ON_CALL)
    voided(sign_off, "The policy, the cohort or the evidence changed")


# Saying no, holding ----------------------------------------------------------------------------------


def test_a_rejection_needs_a_reason_and_ends_it(phase: Phase) -> None:
    sign_off = propose(phase)
    with refused(Code.UNEXPLAINED):
        sign(sign_off, Role.ON_CALL, approves=False)
    rejected = sign(sign_off, Role.ON_CALL, approves=False, reason="Friday evening is no time for this")
    assert (rejected.ended, phases.current()) == (SignOffEnd.REJECTED, phase)
    assert "Friday evening" in rejected.ended_why
    with refused(Code.SIGN_OFF_CLOSED):
        sign(sign_off, Role.PRODUCT_OWNER)


def test_holding_takes_the_quorum_and_no_evidence_and_changes_nothing(phase: Phase) -> None:
    incidents.report(severity=IncidentSeverity.P0, title="Down", phase=phase, by=ENGINEER, now=NOW)
    held = sign_by_all(propose(phase, decision=Decision.HOLD, confirmation_rate=Verdict.FAIL))
    assert (held.ended, held.target, phases.current()) == (SignOffEnd.DECIDED, None, phase)


def test_a_decision_to_hold_needs_a_reason(phase: Phase) -> None:
    with refused(Code.UNEXPLAINED):
        signoffs.propose(
            phase=phase,
            snapshot=fresh(phase, NOW),
            decision=Decision.HOLD,
            reason="  ",
            by=person(Role.QA_LEAD),
            now=NOW,
        )


def test_rolling_back_can_be_decided_as_well(phase: Phase) -> None:
    by = person(Role.PRODUCT_OWNER, name="proposer")
    decided = sign_by_all(propose(phase, decision=Decision.ROLL_BACK, by=by))
    assert decided.ended == SignOffEnd.DECIDED
    now_in = phases.current()
    assert now_in is not None
    assert (now_in.key, now_in.by_rollback) == (PhaseKey.PRODUCTION_SHADOW, True)


def test_only_who_proposed_it_withdraws_it(phase: Phase) -> None:
    sign_off = propose(phase)
    with refused(Code.NOT_ASKED):
        signoffs.withdraw(sign_off, user=person(Role.ON_CALL), reason="no", now=NOW)
    signoffs.withdraw(sign_off, user=sign_off.proposed_by, reason="too early", now=NOW)
    voided(sign_off, "Withdrawn: too early")


def test_one_sign_off_is_open_at_a_time_and_only_of_the_phase_under_way(phase: Phase) -> None:
    propose(phase)
    with refused(Code.SIGN_OFF_OPEN):
        propose_on(phase, phase.snapshots.get())
    left = reach(PhaseKey.PRODUCTION_50)
    assert left != phase
    with refused(Code.PHASE_LEFT):
        propose_on(phase, phase.snapshots.get())


# Production ------------------------------------------------------------------------------------------


def test_in_production_a_signature_takes_the_password_once_more(phase: Phase, settings: Any) -> None:
    settings.ENVIRONMENT = "production"
    sign_off = propose(phase)
    with refused(Code.PASSWORD):
        sign(sign_off, Role.ON_CALL, reauthenticated=False)
    sign(sign_off, Role.ON_CALL, reauthenticated=True)
    assert Signature.objects.get().reauthenticated


def test_elsewhere_it_does_not(phase: Phase) -> None:
    sign(propose(phase), Role.ON_CALL, reauthenticated=False)


def test_a_pin_that_appears_voids_going_on(phase: Phase, settings: Any) -> None:
    sign_off = propose(phase)
    settings.FEATURE_ASSIGNMENT_PIPELINE_V3 = True
    sign_by_all(sign_off)
    voided(sign_off, "FEATURE_ASSIGNMENT_PIPELINE_V3")


def test_every_step_is_on_record_in_one_chain(phase: Phase) -> None:
    sign_by_all(propose(phase))
    kinds = list(LedgerEntry.objects.filter(number__gt=2).values_list("kind", flat=True))
    assert [kind for kind in kinds if kind.startswith(("signoff", "phase.entered", "phase.left"))] == [
        "signoff.proposed",
        "signoff.signed",
        "signoff.signed",
        "signoff.decided",
        "phase.left",
        "phase.entered",
    ]
    assert [entry.number for entry in LedgerEntry.objects.all()] == [
        *range(1, LedgerEntry.objects.count() + 1)
    ]

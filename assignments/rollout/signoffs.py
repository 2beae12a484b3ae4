"""Sign-offs: proposed on evidence, signed by a quorum of roles, decided in one transaction or void.

Refusals of a step raise RolloutError and change nothing. A decision that finds its ground gone voids
the sign-off instead, with the reason: look at `ended` and `ended_why` of what is returned.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import chain

from django.contrib.auth.models import User
from django.db import transaction

from assignments.engine.gates.rules import Verdict
from assignments.engine.phases import PHASES, PhaseKey, Role
from assignments.models import Decision, GateOverride, Phase, Signature, SignOff, SignOffEnd, Snapshot
from assignments.rollout import decisions, grounds, ledger, phases, rights, signers, voids
from assignments.rollout.decisions import Look as Look
from assignments.rollout.decisions import decide as decide
from assignments.rollout.decisions import void_if_changed as void_if_changed
from assignments.rollout.errors import Code, RolloutError
from assignments.rollout.grounds import Fault
from assignments.rollout.texts import checked_reason
from observability.events import Severity


@transaction.atomic
def propose(
    *,
    phase: Phase,
    snapshot: Snapshot,
    decision: Decision,
    reason: str,
    by: User,
    now: datetime,
    to: PhaseKey | None = None,
) -> SignOff:
    """Put a decision to the signers of the phase under way; `snapshot` is the evidence they sign.

    Going on is proposed only with nothing failed, no open P0 or P1 and the checklist done; gates that are
    not settled may be taken on before anyone signs. `to` names where a rollback leads, if not to the
    phase's own target. Raises RolloutError.
    """
    _refuse_without(by, rights.PROPOSE, "propose what becomes of a phase")
    why = checked_reason(reason)
    under_way = _under_way(phase)
    if under_way.sign_offs.filter(closed_at__isnull=True).exists():
        raise RolloutError(
            Code.SIGN_OFF_OPEN, f"A sign-off of {under_way} is open: sign, reject or withdraw it."
        )
    newest = grounds.newest_snapshot(under_way)
    if newest is None or newest.pk != snapshot.pk:
        raise RolloutError(
            Code.STALE, "There is newer evidence than what you saw: look again and propose on it."
        )
    sign_off = SignOff(
        phase=under_way,
        snapshot=snapshot,
        decision=decision,
        target=_target(under_way, decision, to),
        reason=why,
        proposed_by=by,
        opened_at=now,
    )
    sign_off.digest = grounds.current_digest(sign_off, under_way, snapshot.flag_version)
    _refuse(grounds.faults_of_binding(sign_off, under_way))
    if grounds.needs_evidence(decision):
        _refuse(decisions.faults_of_going_on(under_way, sign_off, now))
    sign_off.save(force_insert=True)
    body = {
        "sign_off": sign_off.pk,
        "decision": str(decision),
        "target": sign_off.target,
        "reason": why,
        "snapshot": snapshot.digest,
        "digest": sign_off.digest,
    }
    ledger.append("signoff.proposed", body, phase=under_way, by=rights.author_of(by), now=now)
    return sign_off


@transaction.atomic
def override(sign_off: SignOff, *, gate: str, user: User, reason: str, now: datetime) -> GateOverride:
    """Take on a gate that is not settled, before anyone has signed. It stays in the evidence for good.

    Raises RolloutError for a gate that is anything but INCONCLUSIVE, FAIL above all.
    """
    _refuse_without(user, rights.OVERRIDE, "override a gate")
    why = checked_reason(reason)
    pending = decisions.locked(sign_off)
    verdict = grounds.verdicts_of(pending.snapshot).get(gate)
    if verdict is not Verdict.INCONCLUSIVE:
        raise RolloutError(
            Code.NOT_UNSETTLED,
            f"The gate {gate} is {verdict or 'not in the evidence'}: only INCONCLUSIVE can be overridden.",
        )
    if pending.signatures.exists():
        raise RolloutError(
            Code.SIGNED_ALREADY, "Somebody has signed without this override: withdraw it and propose anew."
        )
    if pending.overrides.filter(gate=gate).exists():
        raise RolloutError(Code.SIGNED_ALREADY, f"The gate {gate} was overridden already.")
    taken_on = GateOverride.objects.create(sign_off=pending, gate=gate, reason=why, user=user, created_at=now)
    pending.digest = grounds.current_digest(pending, pending.phase, pending.snapshot.flag_version)
    pending.save(update_fields=["digest"])
    body = {"sign_off": pending.pk, "gate": gate, "reason": why, "digest": pending.digest}
    ledger.append(
        "gate.overridden", body, phase=pending.phase, by=rights.author_of(user), now=now,
        severity=Severity.WARNING,
    )  # fmt: skip
    return taken_on


def sign(
    sign_off: SignOff,
    *,
    role: Role,
    user: User,
    approves: bool,
    reason: str = "",
    digest: str,
    reauthenticated: bool,
    now: datetime,
    look: Look | None = None,
) -> SignOff:
    """Give one's word in a role, for the digest that was shown. The last one needed decides.

    Saying no needs a reason and ends the sign-off. Returns it as it stands afterwards. Raises
    RolloutError if this person may not sign it, or not now.
    """
    signed = _sign(
        sign_off,
        role=role,
        user=user,
        approves=approves,
        reason=reason,
        digest=digest,
        reauthenticated=reauthenticated,
        now=now,
    )
    if signed.closed_at is not None or signers.missing_roles(signed):
        return signed
    # The other last one may have signed at the same moment and decide.
    return decisions.decide_unless_done(signed, now=now, look=look)


@transaction.atomic
def withdraw(sign_off: SignOff, *, user: User, reason: str, now: datetime) -> SignOff:
    """Take one's own proposal back."""
    why = checked_reason(reason)
    pending = decisions.locked(sign_off)
    if pending.proposed_by_id != user.pk:
        raise RolloutError(Code.NOT_ASKED, f"Only {pending.proposed_by} can withdraw it; signers reject it.")
    return voids.void(pending, f"Withdrawn: {why}", by=rights.author_of(user), now=now)


@transaction.atomic
def _sign(
    sign_off: SignOff,
    *,
    role: Role,
    user: User,
    approves: bool,
    reason: str,
    digest: str,
    reauthenticated: bool,
    now: datetime,
) -> SignOff:
    pending = decisions.locked(sign_off)
    _refuse(
        chain(
            signers.faults_of_person(pending, role, user),
            signers.faults_of_form(pending, digest=digest, reauthenticated=reauthenticated),
        )
    )
    why = checked_reason(reason) if reason.strip() or not approves else ""
    fault = next(grounds.faults_of_binding(pending, pending.phase), None)
    if fault is not None:
        return decisions.void_for(pending, fault, now)
    Signature.objects.create(
        sign_off=pending,
        role=role,
        user=user,
        approves=approves,
        reason=why,
        digest=digest,
        reauthenticated=reauthenticated,
        signed_at=now,
    )
    body = {"sign_off": pending.pk, "role": role.value, "approves": approves, "reason": why, "digest": digest}
    ledger.append("signoff.signed", body, phase=pending.phase, by=rights.author_of(user), now=now)
    return pending if approves else _reject(pending, f"{user} ({role}): {why}", user, now)


def _target(phase: Phase, decision: Decision, to: PhaseKey | None) -> PhaseKey | None:
    if decision is Decision.ROLL_BACK:
        return to or PHASES[PhaseKey(phase.key)].rollback_to
    if decision is Decision.HOLD:
        return None
    following = phases.next_of(phase)
    if following is None and phase.sign_offs.filter(ended=SignOffEnd.DECIDED, decision=decision).exists():
        raise RolloutError(
            Code.ALREADY_SIGNED_OFF, f"{phase} is signed off, and nothing follows in {phase.environment}."
        )
    return following


def _under_way(phase: Phase) -> Phase:
    under_way = phases.lock_current()
    if under_way.pk != phase.pk:
        raise RolloutError(Code.PHASE_LEFT, f"{phase} was left: {under_way} is under way.")
    return under_way


def _reject(sign_off: SignOff, why: str, user: User, now: datetime) -> SignOff:
    decisions.end(sign_off, SignOffEnd.REJECTED, why, now)
    body = {"sign_off": sign_off.pk, "why": why, "digest": sign_off.digest}
    ledger.append("signoff.rejected", body, phase=sign_off.phase, by=rights.author_of(user), now=now)
    return sign_off


def _refuse(faults: Iterator[Fault]) -> None:
    fault = next(faults, None)
    if fault is not None:
        raise RolloutError(*fault)


def _refuse_without(user: User, codename: str, what: str) -> None:
    if not rights.holds(user.pk, codename):
        raise RolloutError(Code.NO_RIGHT, f"{user} may not {what}.")

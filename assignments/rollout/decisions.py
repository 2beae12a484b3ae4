"""Decides sign-offs: one transaction checks every ground again and carries it out, or voids it."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TypeAlias

from django.db import transaction

from assignments.engine.gates.rules import Verdict
from assignments.engine.phases import PhaseKey
from assignments.flags.authors import Author
from assignments.models import Decision, Phase, SignOff, SignOffEnd, Snapshot
from assignments.rollout import grounds, ledger, phases, rights, rollback, signers, voids
from assignments.rollout.errors import Code, RolloutError
from assignments.rollout.grounds import Fault
from observability.accounts import hidden

#: Takes a fresh look at a phase at an instant.
Look: TypeAlias = Callable[[Phase, datetime], Snapshot]

#: Who voids what nobody took back.
RULES = Author(name="rollout rules")


def decide(sign_off: SignOff, *, now: datetime, look: Look | None = None) -> SignOff:
    """Carry out a sign-off that everyone needed has signed, or void it if its ground is gone.

    `look` is asked for a fresh snapshot first, outside the lock. Raises RolloutError while roles are
    missing or if it is closed.
    """
    if look is not None and grounds.needs_evidence(sign_off.decision):
        _look_again(sign_off.phase, now, look)
    return _decide(sign_off, now)


@transaction.atomic
def void_if_changed(phase: Phase, *, now: datetime) -> SignOff | None:
    """Void the open sign-off if policy, cohort or flags are no longer those it was proposed on.

    Signing and deciding do so anyway; called now and then, it lets signers know early.
    """
    ledger.hold()
    pending = SignOff.objects.filter(phase=phase, closed_at__isnull=True).first()
    if pending is None:
        return None
    under_lock = locked(pending)
    fault = next(grounds.faults_of_binding(under_lock, under_lock.phase), None)
    return void_for(under_lock, fault, now) if fault else None


def tend(*, now: datetime, look: Look) -> None:
    """Void the open sign-off if its ground is gone; carry it out if its last signer's process died."""
    phase = phases.current()
    pending = phase.sign_offs.filter(closed_at__isnull=True).first() if phase else None
    if phase is None or pending is None:
        return
    if void_if_changed(phase, now=now) is None and not signers.missing_roles(pending):
        decide_unless_done(pending, now=now, look=look)


def decide_unless_done(sign_off: SignOff, *, now: datetime, look: Look | None = None) -> SignOff:
    """The same as `decide`, where somebody else may decide or void it at this very moment."""
    try:
        return decide(sign_off, now=now, look=look)
    except RolloutError as refusal:
        if refusal.code not in {Code.SIGN_OFF_CLOSED, Code.PHASE_LEFT, Code.NO_PHASE}:
            raise
        sign_off.refresh_from_db()
        return sign_off


def locked(sign_off: SignOff) -> SignOff:
    """The sign-off under the locks of its decision. Raises RolloutError if it is closed."""
    ledger.hold()
    Phase.objects.select_for_update(no_key=True).get(pk=sign_off.phase_id)
    pending = (
        SignOff.objects.select_for_update(of=("self",))
        .select_related("phase__policy", "phase__cohort", "snapshot", "proposed_by")
        .defer(*hidden("proposed_by"))
        .get(pk=sign_off.pk)
    )
    if pending.closed_at is not None:
        why = f" ({pending.ended_why})" if pending.ended_why else ""
        raise RolloutError(
            Code.SIGN_OFF_CLOSED, f"This sign-off was {pending.ended}{why}: look at the phase again."
        )
    return pending


def end(sign_off: SignOff, ended: SignOffEnd, why: str, now: datetime) -> None:
    """Close a sign-off under its locks."""
    sign_off.ended, sign_off.ended_why, sign_off.closed_at = ended, why, now
    sign_off.save(update_fields=["ended", "ended_why", "closed_at"])


def void_for(sign_off: SignOff, fault: Fault, now: datetime) -> SignOff:
    """Void a sign-off whose ground is gone, with the fault's sentence as the reason."""
    return voids.void(sign_off, fault[1], by=RULES, now=now)


def faults_of_going_on(phase: Phase, sign_off: SignOff, now: datetime) -> Iterator[Fault]:
    """Why going on cannot be proposed. Gates that are not settled may still be taken on."""
    unsettled = frozenset(
        gate
        for gate, verdict in grounds.verdicts_of(sign_off.snapshot).items()
        if verdict is Verdict.INCONCLUSIVE
    )
    yield from grounds.faults_of_evidence(phase, sign_off.snapshot, overridden=unsettled, now=now)
    yield from grounds.faults_of_checklist(phase)
    yield from _faults_of_effect(sign_off)


@transaction.atomic
def _decide(sign_off: SignOff, now: datetime) -> SignOff:
    pending = locked(sign_off)
    missing = signers.missing_roles(pending)
    if missing:
        raise RolloutError(Code.INCOMPLETE, f"Still to sign: {', '.join(missing)}.")
    fault = next(_faults_of_decision(pending, now), None)
    if fault is not None:
        return void_for(pending, fault, now)
    end(pending, SignOffEnd.DECIDED, "", now)
    evidence = grounds.newest_snapshot(pending.phase)
    body = {
        "sign_off": pending.pk,
        "decision": pending.decision,
        "target": pending.target,
        "digest": pending.digest,
        "evidence": evidence.digest if evidence else None,
        "signed": [
            {"role": signature.role, "user": signature.user_id, "reauthenticated": signature.reauthenticated}
            for signature in pending.signatures.order_by("role")
        ],
        "overridden": sorted(pending.overrides.values_list("gate", flat=True)),
    }
    by = rights.author_of(pending.proposed_by)
    ledger.append("signoff.decided", body, phase=pending.phase, by=by, now=now)
    _carry_out(pending, now)
    return pending


def _carry_out(sign_off: SignOff, now: datetime) -> None:
    by = rights.author_of(sign_off.proposed_by)
    if sign_off.decision == Decision.ROLL_BACK:
        to = PhaseKey(sign_off.target) if sign_off.target else rollback.LEGACY
        rollback.carry_out(phase=sign_off.phase, reason=sign_off.reason, by=by, now=now, to=to)
    elif sign_off.decision == Decision.PROCEED and sign_off.target:
        phases.enter(
            PhaseKey(sign_off.target), by=by, now=now, snapshot=grounds.newest_snapshot(sign_off.phase)
        )
    elif sign_off.decision == Decision.PROCEED:
        ledger.append("phase.completed", {"sign_off": sign_off.pk}, phase=sign_off.phase, by=by, now=now)


def _faults_of_decision(sign_off: SignOff, now: datetime) -> Iterator[Fault]:
    yield from grounds.faults_of_binding(sign_off, sign_off.phase)
    yield from signers.faults_of_signatures(sign_off)
    if not grounds.needs_evidence(sign_off.decision):
        return
    overridden = frozenset(sign_off.overrides.values_list("gate", flat=True))
    newest = grounds.newest_snapshot(sign_off.phase)
    yield from grounds.faults_of_evidence(sign_off.phase, newest, overridden=overridden, now=now)
    yield from grounds.faults_of_checklist(sign_off.phase)
    yield from _faults_of_effect(sign_off)


def _faults_of_effect(sign_off: SignOff) -> Iterator[Fault]:
    if sign_off.target:
        try:
            phases.refuse_ineffective(PhaseKey(sign_off.target))
        except RolloutError as refusal:
            yield refusal.code, str(refusal)


def _look_again(phase: Phase, now: datetime, look: Look) -> None:
    newest = grounds.newest_snapshot(phase)
    if newest is None or newest.taken_at < now:
        look(phase, now)

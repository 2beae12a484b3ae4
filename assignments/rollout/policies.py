"""Gate policies: versions of a phase's thresholds. A stay keeps its first until it adopts another."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from assignments.engine.gates import policy as demands
from assignments.engine.gates import records
from assignments.engine.gates.defaults import default_policy
from assignments.engine.gates.guard import GuardRules
from assignments.engine.gates.rules import GateRule
from assignments.engine.phases import PhaseKey
from assignments.flags.authors import Author
from assignments.models import GatePolicy, LedgerEntry, Phase
from assignments.rollout import ledger, rights
from assignments.rollout.errors import Code, RolloutError
from assignments.rollout.texts import checked_reason
from assignments.rollout.voids import void_open

#: Who wrote what the project comes with.
DEFAULTS = Author(name="defaults")


@transaction.atomic
def current(key: PhaseKey, *, now: datetime) -> GatePolicy:
    """The newest policy of a phase; the project's defaults are written down on first use."""
    known = newest(key)
    if known is None:
        ledger.hold()
        known = newest(key) or _write(
            default_policy().phase(key), reason="The project's defaults.", by=DEFAULTS, now=now
        )
    return known


@transaction.atomic
def edit(
    key: PhaseKey,
    rules: Sequence[GateRule],
    *,
    guard: GuardRules | None = None,
    reason: str,
    by: Author,
    now: datetime,
) -> GatePolicy:
    """Write a new version with other gates, and another guard if one is given.

    A stay that runs keeps its own version until it adopts this one. Who edits a policy cannot sign.

    Raises RolloutError for nobody with the right to, no reason, a gate named twice, or nothing changed.
    """
    _refuse_without_right(by)
    ledger.hold()
    before = current(key, now=now)
    keys = [rule.key for rule in rules]
    if not keys or len(set(keys)) < len(keys):
        raise RolloutError(Code.BAD_POLICY, "A policy needs gates, each of them once.")
    known = demanded(before)
    wanted = replace(known, gates=tuple(rules), guard=guard or known.guard)
    if wanted == known:
        raise RolloutError(Code.BAD_POLICY, f"That is {before} already: nothing to change.")
    return _write(wanted, reason=checked_reason(reason), by=by, now=now)


@transaction.atomic
def adopt(phase: Phase, *, reason: str, by: Author, now: datetime) -> Phase:
    """Have the open phase judged by the newest policy from now on. Voids what is open to be signed."""
    _refuse_without_right(by)
    why = checked_reason(reason)
    ledger.hold()
    open_ = (
        Phase.objects.select_for_update(no_key=True, of=("self",)).select_related("policy").get(pk=phase.pk)
    )
    if open_.left_at is not None:
        raise RolloutError(Code.PHASE_LEFT, f"{open_} was left: only the phase under way takes a policy.")
    wanted = current(PhaseKey(open_.key), now=now)
    if wanted == open_.policy:
        raise RolloutError(Code.BAD_POLICY, f"{open_} is judged by {wanted} already.")
    body = {"from": open_.policy.version, "to": wanted.version, "digest": wanted.digest, "reason": why}
    open_.policy = wanted
    open_.save(update_fields=["policy"])
    ledger.append("gate.policy_adopted", body, phase=open_, by=by, now=now)
    void_open(open_, f"The policy changed: {wanted} was adopted.", by=by, now=now)
    return open_


def demanded(policy: GatePolicy) -> demands.Phase:
    """A version as the engine takes it."""
    return records.load(demands.Phase, policy.rules)


def in_force(phase: Phase) -> demands.Phase:
    """What a stay is judged by: its version, with no floor above the restaurants it is about."""
    return demanded(phase.policy).frozen(cohort=phase.restaurants)


def edited_by(user: User, phase: Phase) -> bool:
    """Whether somebody wrote a policy of this phase, or had the phase adopt one."""
    return (
        GatePolicy.objects.filter(phase=phase.key, actor=user).exists()
        or LedgerEntry.objects.filter(kind="gate.policy_adopted", phase=phase, actor=user).exists()
    )


def newest(key: PhaseKey | str) -> GatePolicy | None:
    """The newest version of a phase's policy that was written; None while the defaults were not needed."""
    return GatePolicy.objects.filter(phase=key).order_by("-version").first()


def _write(wanted: demands.Phase, *, reason: str, by: Author, now: datetime) -> GatePolicy:
    before = newest(PhaseKey(wanted.key))
    policy = GatePolicy.objects.create(
        phase=wanted.key,
        version=before.version + 1 if before else 1,
        rules=records.dump(wanted),
        digest=wanted.digest(),
        reason=reason,
        author=by.name,
        actor_id=by.user_id,
        created_at=now,
    )
    body = {"phase": wanted.key, "version": policy.version, "digest": policy.digest, "reason": reason}
    ledger.append("gate.policy_edited", body, phase=None, by=by, now=now)
    return policy


def _refuse_without_right(by: Author) -> None:
    if by.user_id is None or not rights.holds(by.user_id, rights.EDIT_POLICY):
        raise RolloutError(
            Code.NO_RIGHT, f"{by.name} may not edit policies: ask an engineering lead or manager."
        )

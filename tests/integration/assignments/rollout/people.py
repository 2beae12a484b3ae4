"""People of a rollout, and what they look at: what its tests share."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from django.contrib.auth.models import Group, User

from assignments.engine.gates.rules import Verdict
from assignments.engine.phases import PHASES, PhaseKey, Role
from assignments.flags.authors import Author
from assignments.models import (
    Decision,
    FlagState,
    LedgerEntry,
    Phase,
    Signature,
    SignOff,
    SignOffEnd,
    Snapshot,
)
from assignments.rollout import binding, checklists, phases, policies, rights, signoffs
from assignments.rollout.errors import Code, RolloutError
from tests.factories import NOW

#: Gates that a phase without traffic passes.
FACTS = ("minimum_time", "stuck_bookings", "incidents", "candidate_errors")

ENGINEER = Author(name="engineer")
MINUTE = timedelta(minutes=1)


def person(*roles: str, name: str = "", **fields: Any) -> User:
    """Somebody in the groups of these roles; superuser and so on by `fields`."""
    user, _ = User.objects.get_or_create(username=name or "-".join(roles).replace(" ", ""), defaults=fields)
    user.groups.set(Group.objects.filter(name__in=roles))
    return user


def snapshot_of(
    phase: Phase, *, at: datetime, verdicts: Mapping[str, Verdict] | None = None, look: int = 0
) -> Snapshot:
    """A look at a phase where each gate passed, but for `verdicts`."""
    seen = {rule.key: Verdict.PASS for rule in policies.in_force(phase).gates} | dict(verdicts or {})
    version = FlagState.objects.get().version
    window = {"window_start": phase.entered_at, "window_end": at}
    digest = binding.snapshot_digest(phase=phase, flag_version=version, look=look, inputs={}, **window)
    return Snapshot.objects.create(
        phase=phase,
        look=look,
        taken_at=at,
        flag_version=version,
        inputs={},
        results={gate: {"verdict": verdict.value} for gate, verdict in seen.items()},
        digest=digest,
        **window,
    )


def fresh(phase: Phase, now: datetime) -> Snapshot:
    """A look at which everything passes."""
    return snapshot_of(phase, at=now)


def tick_all(phase: Phase, *, now: datetime = NOW) -> None:
    """The checklist gone through."""
    clerk = person(Role.ON_CALL, name="clerk")
    for item in checklists.items_of(PhaseKey(phase.key)):
        checklists.tick(phase=phase, item=item.key, user=clerk, now=now)


def propose(
    phase: Phase,
    *,
    decision: Decision = Decision.PROCEED,
    now: datetime = NOW,
    by: User | None = None,
    **verdicts: Verdict,
) -> SignOff:
    """A proposal on a fresh look, with the checklist done."""
    if decision is Decision.PROCEED:
        tick_all(phase, now=now)
    return signoffs.propose(
        phase=phase,
        snapshot=snapshot_of(phase, at=now, verdicts=verdicts),
        decision=decision,
        reason="the figures say so",
        by=by or person(Role.MANAGER, name="proposer"),
        now=now,
    )


def sign(sign_off: SignOff, role: Role, *, user: User | None = None, **other: Any) -> SignOff:
    """A signature as a page gives it."""
    given: dict[str, Any] = {
        "role": role,
        "user": user or person(role),
        "approves": True,
        "digest": sign_off.digest,
        "reauthenticated": True,
        "now": NOW,
    }
    return signoffs.sign(sign_off, **given | other)


def signed_but_undecided(phase: Phase, **other: Any) -> SignOff:
    """Everyone has signed, and whoever was to decide was lost."""
    sign_off = propose(phase, **other)
    sign(sign_off, Role.ON_CALL)
    user = person(Role.PRODUCT_OWNER)
    Signature.objects.create(
        sign_off=sign_off,
        role=Role.PRODUCT_OWNER,
        user=user,
        approves=True,
        digest=sign_off.digest,
        reauthenticated=True,
        signed_at=NOW,
    )
    return sign_off


def sign_by_all(sign_off: SignOff, **other: Any) -> SignOff:
    """Everybody who is needed signs."""
    for role in sorted(PHASES[PhaseKey(sign_off.phase.key)].signers):
        sign_off = sign(sign_off, role, **other)
    return sign_off


def reach(key: PhaseKey, *, now: datetime = NOW) -> Phase:
    """A phase entered in the local environment, where each may be."""
    entered = now - timedelta(days=8)
    if phases.current() is None:
        return phases.enter_first(key, by=ENGINEER, now=entered)
    return phases.enter(key, by=ENGINEER, now=entered)


@contextmanager
def refused(code: Code) -> Iterator[None]:
    """The step is refused for this reason, and nothing is written down."""
    written = LedgerEntry.objects.count(), Signature.objects.count()
    with pytest.raises(RolloutError) as refusal:
        yield
    assert refusal.value.code is code, refusal.value
    assert str(refusal.value).endswith("."), refusal.value
    assert (LedgerEntry.objects.count(), Signature.objects.count()) == written


def voided(sign_off: SignOff, why: str) -> None:
    """The sign-off is void for this reason, and the rollout is where it was."""
    stored = SignOff.objects.get(pk=sign_off.pk)
    assert (stored.ended, phases.current()) == (SignOffEnd.VOIDED, stored.phase)
    assert why in stored.ended_why


def edited(phase: Phase, by: User) -> None:
    """Somebody edits the policy of the phase's key."""
    gates = policies.in_force(phase).gates
    eased = [replace(gates[0], threshold=gates[0].threshold + Fraction(1, 100)), *gates[1:]]
    policies.edit(PhaseKey(phase.key), eased, reason="a test", by=rights.author_of(by), now=NOW)


def propose_on(phase: Phase, snapshot: Snapshot) -> SignOff:
    """Going on, proposed on this evidence a minute later, whatever the checklist says."""
    return signoffs.propose(
        phase=phase,
        snapshot=snapshot,
        decision=Decision.PROCEED,
        reason="a test",
        by=person(Role.MANAGER, name="proposer"),
        now=NOW + MINUTE,
    )


def judged_by(gates: Collection[str], key: PhaseKey, *, now: datetime) -> None:
    """The policy of a phase leaves these gates alone; somebody named editor wrote it."""
    editor = rights.author_of(person(Role.MANAGER, name="editor"))
    known = policies.demanded(policies.current(key, now=now))
    rules = [rule for rule in known.gates if rule.key in gates]
    policies.edit(key, rules, reason="these alone", by=editor, now=now)

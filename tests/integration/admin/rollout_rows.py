"""A row of each of the rollout's models, each with a phase and people of its own."""

import itertools
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Model

from assignments.engine.phases import PhaseKey
from assignments.models import (
    ChecklistTick,
    GateOverride,
    GatePolicy,
    GuardStanding,
    ImportedEvidence,
    Incident,
    KnownIssue,
    LedgerEntry,
    Phase,
    Remark,
    RolloutNotice,
    Signature,
    SignOff,
    Snapshot,
)
from assignments.rollout import ledger, policies
from tests.factories import NOW
from tests.integration.assignments.rollout.people import ENGINEER

_numbers = itertools.count(1)


def _somebody() -> User:
    return User.objects.create(username=f"signer-{next(_numbers)}", is_staff=True)


def _policy() -> GatePolicy:
    current = policies.current(PhaseKey.STAGING_SHADOW, now=NOW)
    newest = GatePolicy.objects.filter(phase=current.phase).count()
    return GatePolicy.objects.create(
        phase=current.phase, version=newest + 1, rules=current.rules, digest="d", reason="x", author="x"
    )


def _phase() -> Phase:
    return Phase.objects.create(
        number=next(_numbers),
        key="staging_shadow",
        environment="staging",
        policy=_policy(),
        flag_version=1,
        restaurants=1,
        entered_at=NOW,
        author="x",
        actor=_somebody(),
        left_at=NOW + timedelta(days=1),
        left_how="proceeded",
    )


def _snapshot() -> Snapshot:
    return Snapshot.objects.create(
        phase=_phase(),
        taken_at=NOW,
        window_start=NOW,
        window_end=NOW,
        flag_version=1,
        inputs={},
        results={},
        digest="d",
    )


def _sign_off() -> SignOff:
    snapshot = _snapshot()
    return SignOff.objects.create(
        phase=snapshot.phase,
        snapshot=snapshot,
        decision="hold",
        reason="x",
        digest="d",
        proposed_by=_somebody(),
        opened_at=NOW,
    )


def _signature() -> Signature:
    return Signature.objects.create(
        sign_off=_sign_off(),
        role="QA lead",
        user=_somebody(),
        approves=True,
        digest="d",
        reauthenticated=True,
        signed_at=NOW,
    )


def _of_phase(model: type[Any], **fields: Any) -> Any:
    return model.objects.create(phase=_phase(), **fields)


ROLLOUT_MAKERS: Mapping[type[Model], Callable[[], Model]] = {
    GatePolicy: _policy,
    Phase: _phase,
    Snapshot: _snapshot,
    SignOff: _sign_off,
    Signature: _signature,
    GateOverride: lambda: GateOverride.objects.create(
        sign_off=_sign_off(), gate="review_rate", reason="x", user=_somebody(), created_at=NOW
    ),
    ChecklistTick: lambda: _of_phase(
        ChecklistTick, item="team_told", done=True, user=_somebody(), created_at=NOW
    ),
    Incident: lambda: _of_phase(
        Incident,
        severity="P1",
        title="Down",
        opened_at=NOW,
        opened_by=_somebody(),
        closed_at=NOW,
        closed_by=_somebody(),
        resolution="Up.",
    ),
    KnownIssue: lambda: _of_phase(
        KnownIssue, severity="P2", title="Slow", owner="x", opened_at=NOW, opened_by=_somebody()
    ),
    GuardStanding: lambda: GuardStanding.objects.update_or_create(
        pk=1,
        defaults={"phase": _phase(), "looked_at": NOW, "given": {}, "evidence": {}, "blind_to": []},
    )[0],
    RolloutNotice: lambda: RolloutNotice.objects.create(
        record=ledger.append("phase.remarked", {}, phase=_phase(), by=ENGINEER, now=NOW), user=_somebody()
    ),
    Remark: lambda: _of_phase(Remark, kind="note", text="Quiet.", author=_somebody(), created_at=NOW),
    LedgerEntry: lambda: ledger.append("phase.remarked", {}, phase=_phase(), by=ENGINEER, now=NOW),
    ImportedEvidence: lambda: ImportedEvidence.objects.create(
        environment="staging",
        phase="staging_full",
        chain_head="c",
        file_digest=f"{next(_numbers)}",
        summary={},
        imported_at=NOW,
        imported_by=_somebody(),
    ),
}

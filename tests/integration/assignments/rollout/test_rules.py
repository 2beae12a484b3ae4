"""What the database itself refuses about the rollout, past all its use cases."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from assignments.engine.phases import PhaseKey
from assignments.models import (
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

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(hours=1)
CLOSED = {"closed_at": LATER, "resolution": "Mended."}


@pytest.fixture
def rows() -> dict[str, Any]:
    """A row of each table; a case repeats one of them with something wrong."""
    user = User.objects.create(username="somebody")
    policy = policies.current(PhaseKey.STAGING_SHADOW, now=NOW)
    phase = {
        "number": 1,
        "key": "staging_shadow",
        "environment": "staging",
        "policy": policy,
        "flag_version": 1,
        "restaurants": 1,
        "entered_at": NOW,
        "author": "somebody",
    }
    left = Phase.objects.create(**phase | {"left_at": LATER, "left_how": "proceeded"})
    of_phase = {"phase": left, "flag_version": 1, "inputs": {}, "results": {}, "digest": "d"}
    seen = of_phase | {"look": 1, "taken_at": NOW, "window_start": NOW, "window_end": NOW}
    snapshot = Snapshot.objects.create(**seen)
    put = {
        "phase": left,
        "snapshot": snapshot,
        "decision": "hold",
        "reason": "a test",
        "digest": "d",
        "proposed_by": user,
        "opened_at": NOW,
    }
    sign_off = SignOff.objects.create(**put)
    word = {
        "sign_off": sign_off,
        "role": "QA lead",
        "user": user,
        "approves": True,
        "digest": "d",
        "reauthenticated": False,
        "signed_at": NOW,
    }
    taken_on = {"sign_off": sign_off, "gate": "review_rate", "reason": "x", "user": user, "created_at": NOW}
    Signature.objects.create(**word)
    GateOverride.objects.create(**taken_on)
    entry = ledger.append("phase.remarked", {}, phase=None, by=ENGINEER, now=NOW)
    return {
        "policy": {
            "phase": "staging_full", "version": 1, "rules": {}, "digest": "d", "reason": "x", "author": "x",
        },
        "old_policy": {
            "phase": policy.phase, "version": 1, "rules": {}, "digest": "d", "reason": "x", "author": "x",
        },
        "phase": phase | {"number": 2},
        "snapshot": seen | {"look": 2},
        "old_snapshot": seen,
        "incident": {"phase": left, "severity": "P1", "title": "Down", "opened_at": NOW},
        "issue": {
            "phase": left, "severity": "P2", "title": "Slow", "owner": "me", "opened_at": NOW,
            "opened_by": user,
        },
        "remark": {"phase": left, "kind": "note", "text": "Quiet.", "author": user, "created_at": NOW},
        "entry": {
            "number": entry.number + 1, "kind": "phase.remarked", "at": NOW, "author": "x", "body": {},
            "previous": entry.digest, "digest": "e" * 64,
        },
        "old_entry": {"previous": entry.previous},
        "evidence": {
            "environment": "staging", "phase": "staging_full", "chain_head": "c", "file_digest": "f",
            "summary": {}, "imported_at": NOW,
        },
        "sign_off": put,
        "closed": {"closed_at": LATER, "ended": "decided"},
        "word": word,
        "taken_on": taken_on,
        "user": user,
        "another": User.objects.create(username="another"),
    }  # fmt: skip


def refused(rule: str, model: Any, **values: Any) -> None:
    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        model.objects.create(**values)


def accepted(model: Any, **values: Any) -> None:
    with transaction.atomic():
        model.objects.create(**values)
        transaction.set_rollback(True)


def test_policies(rows: dict[str, Any]) -> None:
    accepted(GatePolicy, **rows["policy"])
    refused("rollout_policies_once", GatePolicy, **rows["old_policy"])
    refused("rollout_policies_phase_known", GatePolicy, **rows["policy"] | {"phase": "elsewhere"})
    refused("rollout_policies_explained", GatePolicy, **rows["policy"] | {"reason": ""})


def test_phases(rows: dict[str, Any]) -> None:
    phase = rows["phase"]
    refused("rollout_phases_key_known", Phase, **phase | {"key": "elsewhere"})
    for bad in (
        {"left_at": LATER},
        {"left_how": "proceeded"},
        {"left_at": NOW - timedelta(hours=1), "left_how": "proceeded"},
    ):
        refused("rollout_phases_left_whole", Phase, **phase | bad)
    Phase.objects.create(**phase)
    refused("rollout_phases_one_open", Phase, **phase | {"number": 3})
    accepted(Phase, **phase | {"number": 3, "left_at": LATER, "left_how": "rolled_back"})


def test_snapshots(rows: dict[str, Any]) -> None:
    accepted(Snapshot, **rows["snapshot"])
    refused("rollout_snapshots_look_once", Snapshot, **rows["old_snapshot"])
    backwards = rows["snapshot"] | {"window_end": NOW - timedelta(seconds=1)}
    refused("rollout_snapshots_window_forward", Snapshot, **backwards)
    for _ in range(2):
        Snapshot.objects.create(**rows["snapshot"] | {"look": 0})


def test_incidents(rows: dict[str, Any]) -> None:
    incident, closed = rows["incident"], {**CLOSED, "closed_by": rows["user"]}
    accepted(Incident, **incident | closed)
    refused("rollout_incidents_severity_known", Incident, **incident | {"severity": "P9"})
    refused("rollout_incidents_named", Incident, **incident | {"title": ""})
    for missing in closed:
        part = {name: value for name, value in closed.items() if name != missing}
        refused("rollout_incidents_closed_whole", Incident, **incident | part)


def test_known_issues(rows: dict[str, Any]) -> None:
    issue = rows["issue"]
    accepted(KnownIssue, **issue | CLOSED)
    refused("rollout_known_issues_severity_known", KnownIssue, **issue | {"severity": "P9"})
    for missing in ("title", "owner"):
        refused("rollout_known_issues_named", KnownIssue, **issue | {missing: ""})
    refused("rollout_known_issues_closed_whole", KnownIssue, **issue | {"closed_at": LATER})
    refused("rollout_known_issues_closed_whole", KnownIssue, **issue | {"resolution": "Mended."})


def test_remarks(rows: dict[str, Any]) -> None:
    accepted(Remark, **rows["remark"])
    refused("rollout_remarks_kind_known", Remark, **rows["remark"] | {"kind": "song"})
    refused("rollout_remarks_say_something", Remark, **rows["remark"] | {"text": ""})


def test_the_chain(rows: dict[str, Any]) -> None:
    entry = rows["entry"]
    accepted(LedgerEntry, **entry)
    refused("rollout_ledger_numbered", LedgerEntry, **entry | {"number": 0})
    refused("rollout_ledger_linked", LedgerEntry, **entry | {"previous": entry["digest"]})
    refused("rollout_ledger_no_fork", LedgerEntry, **entry | rows["old_entry"])


def test_imported_evidence(rows: dict[str, Any]) -> None:
    accepted(ImportedEvidence, **rows["evidence"])
    bad = rows["evidence"] | {"phase": "elsewhere"}
    refused("rollout_imported_evidence_phase_known", ImportedEvidence, **bad)


def test_sign_offs(rows: dict[str, Any]) -> None:
    put, closed = rows["sign_off"], rows["closed"]
    accepted(SignOff, **put | closed)
    refused("rollout_sign_offs_one_open", SignOff, **put)
    refused("rollout_sign_offs_decision_known", SignOff, **put | closed | {"decision": "dance"})
    refused("rollout_sign_offs_target_known", SignOff, **put | closed | {"target": "elsewhere"})
    refused("rollout_sign_offs_explained", SignOff, **put | closed | {"reason": ""})
    for bad in ({"closed_at": LATER}, {"ended": "decided"}, {**closed, "ended": "voided"}):
        refused("rollout_sign_offs_closed_whole", SignOff, **put | bad)


def test_signatures(rows: dict[str, Any]) -> None:
    word, other = rows["word"], {"role": "engineering lead", "user": rows["another"]}
    accepted(Signature, **word | other)
    refused("rollout_signatures_role_once", Signature, **word | {"user": rows["another"]})
    refused("rollout_signatures_person_once", Signature, **word | {"role": "engineering lead"})
    refused("rollout_signatures_role_known", Signature, **word | other | {"role": "viewer"})
    refused("rollout_signatures_rejection_explained", Signature, **word | other | {"approves": False})


def test_overrides(rows: dict[str, Any]) -> None:
    taken_on = rows["taken_on"]
    accepted(GateOverride, **taken_on | {"gate": "error_rate"})
    refused("rollout_gate_overrides_once", GateOverride, **taken_on)
    refused("rollout_gate_overrides_explained", GateOverride, **taken_on | {"gate": "e", "reason": ""})


def test_the_guard_has_one_row(rows: dict[str, Any]) -> None:
    standing = {
        "phase": Phase.objects.get(), "looked_at": NOW, "given": {}, "evidence": {}, "blind_to": [],
    }  # fmt: skip
    accepted(GuardStanding, **standing)
    refused("rollout_guard_one_row", GuardStanding, **standing | {"id": 2})


def test_notices(rows: dict[str, Any]) -> None:
    notice = {"record": LedgerEntry.objects.all()[0], "user": rows["user"]}
    accepted(RolloutNotice, **notice | {"status": "sent", "sent_at": NOW})
    refused("rollout_notices_status_known", RolloutNotice, **notice | {"status": "lost"})
    refused("rollout_notices_sent_has_time", RolloutNotice, **notice | {"status": "sent"})
    refused("rollout_notices_sent_has_time", RolloutNotice, **notice | {"sent_at": NOW})
    RolloutNotice.objects.create(**notice)
    refused("rollout_notices_once", RolloutNotice, **notice)

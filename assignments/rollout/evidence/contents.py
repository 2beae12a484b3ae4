"""What is in a bundle: each file as lines of text, without guests' data."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from assignments.engine import evidence
from assignments.engine.gates import canonical, records
from assignments.engine.gates.verdicts import overall
from assignments.models import (
    Decision,
    FlagChange,
    GatePolicy,
    Incident,
    KnownIssue,
    LedgerEntry,
    Phase,
    ShadowComparison,
    SignOff,
    Snapshot,
)
from assignments.rollout import binding, checklists, ledger, policies
from assignments.rollout.gates import looking
from assignments.rollout.gates.seen import Seen
from bookings.models import Booking
from observability.csv_cells import csv_lines
from observability.metrics.outcomes import listed
from observability.models import Event

_BATCH = 5_000


def files(
    phase: Phase, looks: list[dict[str, Any]], *, until: datetime
) -> Iterator[tuple[str, Iterable[str]]]:
    """Name and text of every file but the reports, the chain and the manifest."""
    yield evidence.POLICIES, as_json(_policies(phase))
    yield evidence.COHORT, as_json(binding.cohort_record(phase.cohort))
    yield evidence.LOOKS, as_json(looks)
    yield evidence.SIGN_OFFS, as_json(_sign_offs(phase))
    yield evidence.OUTCOMES, _outcomes(phase, looks)
    yield "metrics.json", as_json(looks[-1]["results"] if looks else {})
    yield "metrics.csv", _metrics(looks)
    yield "incidents.json", as_json(_incidents(phase))
    yield "known_issues.json", as_json(_known_issues(phase))
    yield "checklist.json", as_json(_checklist(phase))
    yield "flag_history.json", as_json(_flag_history(phase, until))
    yield "remarks.json", as_json(_remarks(phase))
    yield "comparison.csv", _comparison(phase, until)
    yield "booking_states.csv", _booking_states(phase, until)
    yield "events.csv", _events(phase, until)


def as_json(value: Any) -> Iterable[str]:
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False), "\n")


def chain() -> Iterator[str]:
    """Every record so far, one a line, as its digest was taken, and the digest."""
    entries = LedgerEntry.objects.order_by("number").select_related("phase")
    for entry in entries.iterator(chunk_size=_BATCH):
        record = ledger.record_of(entry, entry.phase.number if entry.phase else None)
        yield canonical.canonical(record | {"digest": entry.digest}).decode() + "\n"


def looks_of(phase: Phase) -> list[dict[str, Any]]:
    """The due looks, those that a sign-off rests on, and the last one, in the order of time."""
    newest = phase.snapshots.order_by("-taken_at", "-pk").values_list("pk", flat=True)[:1]
    wanted = (
        phase.snapshots.filter(look__gt=0)
        | phase.snapshots.filter(sign_offs__isnull=False)
        | phase.snapshots.filter(pk__in=list(newest))
    )
    versions = _frozen(phase)
    return [_look(phase, snapshot, versions) for snapshot in wanted.distinct().order_by("taken_at", "pk")]


def instant(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat(timespec="microseconds") if at else None


def _frozen(phase: Phase) -> dict[str, Any]:
    """The phase's policies by the digest they have for its cohort."""
    versions = GatePolicy.objects.filter(phase=phase.key).order_by("version")
    frozen = (policies.demanded(policy).frozen(cohort=phase.restaurants) for policy in versions)
    return {policy.digest(): records.dump(policy) for policy in frozen}


def _policies(phase: Phase) -> list[dict[str, Any]]:
    return [{"digest": digest, "policy": policy} for digest, policy in _frozen(phase).items()]


def _look(phase: Phase, snapshot: Snapshot, versions: Mapping[str, Any]) -> dict[str, Any]:
    results = looking.results_of(snapshot)
    return {
        "taken_at": instant(snapshot.taken_at),
        "window": [instant(snapshot.window_start), instant(snapshot.window_end)],
        "look": snapshot.look,
        "flag_version": snapshot.flag_version,
        "policy": _policy_of(phase, snapshot, versions),
        "inputs": snapshot.inputs,
        "results": snapshot.results,
        "verdict": overall(results.values()).value,
        "digest": snapshot.digest,
    }


def _policy_of(phase: Phase, snapshot: Snapshot, versions: Mapping[str, Any]) -> str | None:
    """The policy a look was judged by: the one that its digest is over."""
    return next(
        (version for version in versions if binding.digest_of(snapshot, phase, version) == snapshot.digest),
        None,
    )


def _sign_offs(phase: Phase) -> list[dict[str, Any]]:
    found = phase.sign_offs.select_related("snapshot", "proposed_by").order_by("opened_at")
    versions = _frozen(phase)
    return [_sign_off(phase, sign_off, versions) for sign_off in found]


def _sign_off(phase: Phase, sign_off: SignOff, versions: Mapping[str, Any]) -> dict[str, Any]:
    snapshot = sign_off.snapshot
    return {
        "id": sign_off.pk,
        "decision": Decision(sign_off.decision).value,
        "target": sign_off.target,
        "reason": sign_off.reason,
        "opened_at": instant(sign_off.opened_at),
        "proposed_by": sign_off.proposed_by.get_username(),
        "policy": _policy_of(phase, snapshot, versions),
        "flag_version": snapshot.flag_version,
        "snapshot": snapshot.digest,
        "window": [instant(snapshot.window_start), instant(snapshot.window_end)],
        "overrides": [
            {"gate": taken.gate, "reason": taken.reason, "by": taken.user.get_username()}
            for taken in sign_off.overrides.select_related("user").order_by("gate")
        ],
        "digest": sign_off.digest,
        "ended": sign_off.ended,
        "ended_why": sign_off.ended_why,
        "closed_at": instant(sign_off.closed_at),
        "signatures": [
            {
                "role": signature.role,
                "by": signature.user.get_username(),
                "approves": signature.approves,
                "reason": signature.reason,
                "digest": signature.digest,
                "reauthenticated": signature.reauthenticated,
                "signed_at": instant(signature.signed_at),
            }
            for signature in sign_off.signatures.select_related("user").order_by("signed_at")
        ],
    }


def _outcomes(phase: Phase, looks: list[dict[str, Any]]) -> Iterable[str]:
    header = ["booking", "restaurant", "outcome", "reason", "at"]
    if not looks:
        return csv_lines(header, [])
    seen = Seen(phase=phase, until=datetime.fromisoformat(looks[-1]["window"][1]))
    return csv_lines(
        header,
        (
            [row.booking_id, row.restaurant_id, row.outcome, row.reason, row.at]
            for row in listed(seen.window, path=seen.path)
        ),
    )


def _metrics(looks: list[dict[str, Any]]) -> Iterable[str]:
    header = ["taken_at", "look", "gate", "verdict", "numerator", "denominator", "rate", "bound_low",
              "bound_high", "threshold", "design_effect", "needed", "sentence"]  # fmt: skip
    return csv_lines(
        header,
        (
            [look["taken_at"], look["look"], key, *(result[name] for name in header[3:])]
            for look in looks
            for key, result in look["results"].items()
        ),
    )


def _incidents(phase: Phase) -> list[dict[str, Any]]:
    return [_incident(incident) for incident in phase.incidents.order_by("opened_at")]


def _incident(incident: Incident) -> dict[str, Any]:
    return {
        "id": incident.pk,
        "severity": incident.severity,
        "title": incident.title,
        "detail": incident.detail,
        "opened_at": instant(incident.opened_at),
        "closed_at": instant(incident.closed_at),
        "resolution": incident.resolution,
    }


def _known_issues(phase: Phase) -> list[dict[str, Any]]:
    return [_known_issue(issue) for issue in phase.known_issues.order_by("opened_at")]


def _known_issue(issue: KnownIssue) -> dict[str, Any]:
    return {
        "severity": issue.severity,
        "title": issue.title,
        "owner": issue.owner,
        "opened_at": instant(issue.opened_at),
        "closed_at": instant(issue.closed_at),
        "resolution": issue.resolution,
    }


def _checklist(phase: Phase) -> list[dict[str, Any]]:
    return [
        {
            "item": line.item.text,
            "done": line.done,
            "note": line.tick.note if line.tick else "",
            "by": line.tick.user.get_username() if line.tick else None,
            "at": instant(line.tick.created_at) if line.tick else None,
        }
        for line in checklists.lines_of(phase)
    ]


def _flag_history(phase: Phase, until: datetime) -> list[dict[str, Any]]:
    """All changes up to the end: what was in force at the start follows from those before it."""
    changes = FlagChange.objects.filter(created_at__lte=phase.left_at or until).order_by("version")
    return [
        {
            "version": change.version,
            "flag": change.flag,
            "restaurant": change.restaurant_id,
            "from": change.from_value,
            "to": change.to_value,
            "reason": change.reason,
            "author": change.author,
            "at": instant(change.created_at),
        }
        for change in changes
    ]


def _remarks(phase: Phase) -> list[dict[str, Any]]:
    return [
        {
            "kind": remark.kind,
            "text": remark.text,
            "by": remark.author.get_username(),
            "at": instant(remark.created_at),
        }
        for remark in phase.remarks.select_related("author").order_by("created_at")
    ]


def _comparison(phase: Phase, until: datetime) -> Iterable[str]:
    header = ["booking_id", "restaurant_id", "comparison", "noise", "legacy_outcome", "v3_outcome",
              "legacy_score", "v3_score", "v3_reason", "created_at"]  # fmt: skip
    rows = ShadowComparison.objects.filter(
        created_at__gte=phase.entered_at, created_at__lt=phase.left_at or until
    ).order_by("pk")
    return csv_lines(header, rows.values_list(*header).iterator(chunk_size=_BATCH))


def _booking_states(phase: Phase, until: datetime) -> Iterable[str]:
    header = ["id", "restaurant_id", "assignment_state", "assignment_state_version", "created_at"]
    rows = Booking.objects.filter(
        created_at__gte=phase.entered_at,
        created_at__lt=phase.left_at or until,
        assignment_state__isnull=False,
    ).order_by("pk")
    return csv_lines(header, rows.values_list(*header).iterator(chunk_size=_BATCH))


def _events(phase: Phase, until: datetime) -> Iterable[str]:
    header = [
        "id",
        "created_at",
        "source",
        "event_type",
        "severity",
        "restaurant_id",
        "booking_id",
        "context",
    ]
    rows = Event.objects.filter(
        created_at__gte=phase.entered_at, created_at__lt=phase.left_at or until
    ).order_by("id")
    found = rows.values_list(*header).iterator(chunk_size=_BATCH)
    return csv_lines(header, ([*row[:-1], json.dumps(row[-1], sort_keys=True)] for row in found))

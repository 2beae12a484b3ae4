"""The rollout's records as a log that people read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assignments.models import LedgerEntry, Phase
from config.console.rollout.evaluated import when

#: What each kind of record says and its tone; a field of the body is named in braces.
_TOLD: Mapping[str, tuple[str, str]] = {
    "phase.entered": ("Phase entered, {restaurants} restaurants, flag version {flag_version}", "person"),
    "phase.left": ("Phase left: {how}", "person"),
    "phase.rolled_back": ("Rolled back to {to}: {reason}", "critical"),
    "phase.watched": ("{runs} runs began on older flags in the {minutes} min after the rollback", "watch"),
    "phase.parallel_raised": ("Runs at once raised from {from} to {to}", "good"),
    "phase.item_ticked": ("Checklist ticked: {item}", "person"),
    "phase.item_unticked": ("Tick taken back: {item}", "watch"),
    "phase.remarked": ("Wrote a {kind}", "person"),
    "phase.completed": ("Phase signed off", "good"),
    "gate.looked": ("Look {look}: {verdict}. {sentence}", "watch"),
    "gate.ready": ("Look {look}: {sentence}", "good"),
    "gate.policy_edited": ("Policy of {phase} edited, version {version}: {reason}", "watch"),
    "gate.policy_adopted": ("Policy version {to} adopted: {reason}", "watch"),
    "gate.overridden": ("Gate {gate} taken on unsettled: {reason}", "watch"),
    "signoff.proposed": ("Proposed to {decision}: {reason}", "person"),
    "signoff.signed": ("Signed as {role}", "person"),
    "signoff.rejected": ("Sign-off rejected. {why}", "watch"),
    "signoff.voided": ("Sign-off voided, signatures count no more. {why}", "watch"),
    "signoff.decided": ("Decided: {decision}", "good"),
    "incident.opened": ("INC-{incident} opened, {severity}: {title}", "critical"),
    "incident.closed": ("INC-{incident} closed: {resolution}", "good"),
    "incident.known": ("Known issue, {severity}: {title}", "watch"),
    "incident.known_closed": ("Known issue resolved: {resolution}", "good"),
    "guard.triggered": ("The guard acted", "critical"),
    "evidence.exported": ("Evidence bundle written", "person"),
    "evidence.imported": ("Evidence of {environment} {phase} imported", "person"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A record in words; `digest` is short, to find it by."""

    number: int
    at: str
    iso: str
    says: str
    by: str
    tone: str
    digest: str


class _Body(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"


def log_of(phase: Phase, most: int = 15) -> list[Entry]:
    """The newest records of a stay, in one query."""
    return [entry(row) for row in phase.records.order_by("-number")[:most]]


def newest(most: int = 12) -> list[Entry]:
    """The newest records of the whole rollout."""
    return [entry(row) for row in LedgerEntry.objects.order_by("-number")[:most]]


def entry(row: LedgerEntry) -> Entry:
    says, tone = _TOLD.get(row.kind, (row.kind, "person"))
    body = {key: _plain(value) for key, value in row.body.items()}
    return Entry(
        number=row.number,
        at=when(row.at),
        iso=row.at.isoformat(),
        says=says.format_map(_Body(body))[:400],
        by=row.author,
        tone=tone,
        digest=row.digest[:12],
    )


def _plain(value: Any) -> str:
    return str(value).replace("_", " ") if isinstance(value, str) else str(value)

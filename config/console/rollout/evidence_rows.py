"""The gates as a snapshot kept them, for the pages on which a decision is proposed and signed."""

from collections.abc import Mapping
from dataclasses import dataclass

from assignments.engine.gates.rules import Verdict
from assignments.models import Phase, Snapshot
from assignments.rollout import grounds, policies
from config.console.rollout.gate_rows import LOOKS


@dataclass(frozen=True, kw_only=True, slots=True)
class EvidenceRow:
    """A gate as the snapshot kept it."""

    key: str
    title: str
    verdict: str
    css: str
    icon: str
    why: str
    override: str
    may_be_taken_on: bool


def evidence_rows(stay: Phase, snapshot: Snapshot, overrides: Mapping[str, str]) -> list[EvidenceRow]:
    """The gates of the policy as the snapshot kept them, those that do not pass first."""
    verdicts = grounds.verdicts_of(snapshot)
    rows = [
        EvidenceRow(
            key=rule.key,
            title=rule.title,
            verdict=(verdict := verdicts.get(rule.key, Verdict.NO_DATA)).value.replace("_", " "),
            css=LOOKS[verdict][0],
            icon=LOOKS[verdict][1],
            why=str(snapshot.results.get(rule.key, {}).get("sentence", "")),
            override=overrides.get(rule.key, ""),
            may_be_taken_on=verdict is Verdict.INCONCLUSIVE and rule.key not in overrides,
        )
        for rule in policies.in_force(stay).gates
    ]
    return sorted(rows, key=lambda row: row.css == "pass")

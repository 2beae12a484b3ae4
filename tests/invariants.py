"""What must hold on any database, whatever failed: the audit, in the form tests compare."""

from collections.abc import Sequence

from assignments.audit import Breach, Evidence, audit
from assignments.audit.findings import Finding

NO_EVIDENCE = Evidence()


def breaches(*, unfinished: bool = False, evidence: Evidence = NO_EVIDENCE) -> dict[str, Sequence[int | str]]:
    """Invariants that do not hold, with the ids that show it; `unfinished` allows open bookings and mails."""
    without = ("I2", "i3_unsent") if unfinished else ()
    findings = audit(within=None, evidence=evidence, without=without)
    return {_name(finding, breach): breach.ids for finding in findings for breach in finding.breaches}


def _name(finding: Finding, breach: Breach) -> str:
    return f"{finding.invariant}: {breach.what}"

"""Audit: asks the database whether the invariants hold, whatever failed before."""

from assignments.audit.evidence import Evidence, EvidenceError, read_accepted, read_mail_log
from assignments.audit.findings import Breach, Finding, Verdict
from assignments.audit.run import DEFAULT_WITHIN, audit

__all__ = [
    "DEFAULT_WITHIN",
    "Breach",
    "Evidence",
    "EvidenceError",
    "Finding",
    "Verdict",
    "audit",
    "read_accepted",
    "read_mail_log",
]

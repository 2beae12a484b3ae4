"""How bookings are placed: attempts, slots that bound concurrent runs, flags that choose the path."""

from assignments.models.attempt import Attempt, AttemptResult
from assignments.models.comparison import ShadowComparison
from assignments.models.flags import Cohort, FlagAcknowledgement, FlagChange, FlagOverride, FlagState
from assignments.models.guard import GuardStanding
from assignments.models.incidents import Incident, IncidentSeverity, KnownIssue
from assignments.models.ledger import ImportedEvidence, LedgerEntry
from assignments.models.now_fit import NowFit
from assignments.models.proposals import FlagDecision, FlagProposal, ProposalOutcome
from assignments.models.review import (
    CaseNote,
    CasePresence,
    QueueView,
    Resolution,
    ResolutionKind,
    ReviewCase,
)
from assignments.models.rollout import ChecklistTick, GatePolicy, LeftHow, Phase, Remark, Snapshot
from assignments.models.rollout_notice import RolloutNotice
from assignments.models.signoff import Decision, GateOverride, Signature, SignOff, SignOffEnd
from assignments.models.slot import MAX_SLOTS, Slot

__all__ = [
    "MAX_SLOTS",
    "Attempt",
    "AttemptResult",
    "CaseNote",
    "CasePresence",
    "ChecklistTick",
    "Cohort",
    "Decision",
    "FlagAcknowledgement",
    "FlagChange",
    "FlagDecision",
    "FlagOverride",
    "FlagProposal",
    "FlagState",
    "GateOverride",
    "GatePolicy",
    "GuardStanding",
    "ImportedEvidence",
    "Incident",
    "IncidentSeverity",
    "KnownIssue",
    "LedgerEntry",
    "LeftHow",
    "NowFit",
    "Phase",
    "ProposalOutcome",
    "QueueView",
    "Remark",
    "Resolution",
    "ResolutionKind",
    "ReviewCase",
    "RolloutNotice",
    "ShadowComparison",
    "SignOff",
    "SignOffEnd",
    "Signature",
    "Slot",
    "Snapshot",
]

"""How bookings are placed: attempts, slots that bound concurrent runs, flags that choose the path."""

from assignments.models.attempt import Attempt, AttemptResult
from assignments.models.comparison import ShadowComparison
from assignments.models.flags import Cohort, FlagAcknowledgement, FlagChange, FlagOverride, FlagState
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
from assignments.models.slot import MAX_SLOTS, Slot

__all__ = [
    "MAX_SLOTS",
    "Attempt",
    "AttemptResult",
    "CaseNote",
    "CasePresence",
    "Cohort",
    "FlagAcknowledgement",
    "FlagChange",
    "FlagDecision",
    "FlagOverride",
    "FlagProposal",
    "FlagState",
    "NowFit",
    "ProposalOutcome",
    "QueueView",
    "Resolution",
    "ResolutionKind",
    "ReviewCase",
    "ShadowComparison",
    "Slot",
]

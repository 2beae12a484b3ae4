"""What a proposal leaves behind: its decision, and the event that tells of it."""

from datetime import datetime

from assignments.models import FlagDecision, FlagProposal, ProposalOutcome
from observability import events


def record_proposed(proposal: FlagProposal, *, now: datetime) -> None:
    """Tell of a proposal in the current transaction."""
    _tell("flag.proposed", proposal, now, version=proposal.base_version, reason=proposal.reason)


def record_decision(
    proposal: FlagProposal,
    outcome: ProposalOutcome,
    *,
    now: datetime,
    actor_id: int | None = None,
    reason: str = "",
    version: int | None = None,
) -> None:
    """Decide a proposal in the current transaction; a second decision is refused by the database."""
    FlagDecision.objects.create(
        proposal=proposal, outcome=outcome, actor_id=actor_id, reason=reason, version=version, created_at=now
    )
    _tell("flag.decided", proposal, now, version=version, outcome=outcome.value, reason=reason)


def void_older(*, than: int, now: datetime) -> None:
    """End proposals made on flags that version `than` has replaced: they were about something else."""
    for proposal in FlagProposal.objects.filter(decision=None, base_version__lt=than):
        reason = f"The flags changed from version {proposal.base_version} to {than} while it waited."
        record_decision(proposal, ProposalOutcome.VOID, now=now, reason=reason)


def _tell(event_type: str, proposal: FlagProposal, now: datetime, **context: object) -> None:
    events.record(
        [
            events.Record(
                source=events.FLAGS,
                event_type=event_type,
                at=now,
                severity=events.Severity.NOTICE,
                context={"proposal": proposal.pk, **context},
            )
        ]
    )

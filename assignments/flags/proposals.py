"""Changes of flags by people in the console: checked against what they saw, and by two where it counts.

In production a change that exposes anybody more becomes a proposal, which somebody else with the right
approves. Lowering exposure and killing take one person. A proposal is bound to the version of the flags
it was made on and to the restaurants it would move; once either is different it is void.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Q

from assignments.flags import services
from assignments.flags.authors import LONGEST_REASON, Author
from assignments.flags.changes import Change
from assignments.flags.errors import BadValueError, FlagError
from assignments.flags.foresight import Foreseen, foresee
from assignments.flags.proposal_records import record_decision, record_proposed
from assignments.flags.wanted import Wanted, carry_out, reversal, wanted_of
from assignments.models import FlagChange, FlagProposal, FlagState, ProposalOutcome

APPROVE = "approve_flags"


class StaleError(FlagError):
    """The flags are no longer those that were shown; `changes` are the ones made since."""

    def __init__(self, message: str, changes: Sequence[FlagChange]) -> None:
        super().__init__(message)
        self.changes = changes


class ProposalError(FlagError):
    """A decision that this person may not take, or that was taken before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """What a call came to: a change made, or a proposal that waits for somebody else."""

    change: Change | None = None
    proposal: FlagProposal | None = None


def needs_second_person(foreseen: Foreseen) -> bool:
    """Whether one person alone may not do it."""
    return settings.ENVIRONMENT == "production" and foreseen.raises


@transaction.atomic
def change(*, wanted: Wanted, seen_version: int, reason: str, user: User, now: datetime) -> Done:
    """Make the change, or propose it. Raises StaleError if the flags changed since `seen_version`."""
    _refuse_stale(seen_version)
    foreseen = foresee(wanted)
    if needs_second_person(foreseen):
        return Done(proposal=_propose(wanted, foreseen, reason=reason, user=user, now=now))
    made = carry_out(wanted, reason=reason, by=_author(user), now=now)
    if made.changed:
        _log(user, f"Changed flags to version {made.version}: {wanted.action}.")
    return Done(change=made)


@transaction.atomic
def change_alone(*, wanted: Wanted, reason: str, by: Author, now: datetime) -> Change:
    """Make a change where nobody is signed in, such as from a shell.

    Raises ProposalError for one that takes a second person: two people can only be told apart signed in.
    """
    services.lock()
    if needs_second_person(foresee(wanted)):
        raise ProposalError(
            "This raises exposure, which takes two people in production: propose it on the console's page of "
            "flags. Lowering exposure and `flags kill` work from here."
        )
    return carry_out(wanted, reason=reason, by=by, now=now)


@transaction.atomic
def kill(*, reason: str, user: User, now: datetime) -> Change:
    """Stop V3 everywhere, whatever the person saw last: lowering exposure never waits."""
    made = services.kill(reason=reason, by=_author(user), now=now)
    if made.changed:
        _log(user, f"Stopped V3 everywhere, flags version {made.version}.")
    return made


@transaction.atomic
def roll_back(*, version: int, seen_version: int, reason: str, user: User, now: datetime) -> Done:
    """Undo one change by another. Only the latest change of a flag can be: an older one is covered.

    Raises FlagChange.DoesNotExist, StaleError, FlagError.
    """
    undone = FlagChange.objects.get(version=version)
    same: dict[str, Any] = {"flag": undone.flag, "restaurant_id": undone.restaurant_id}
    if covering := FlagChange.objects.filter(version__gt=version, **same).order_by("version").first():
        raise BadValueError(
            f"version {version} is covered by version {covering.version}: roll that one back first"
        )
    wanted = reversal(undone, now=now)
    return change(wanted=wanted, seen_version=seen_version, reason=reason, user=user, now=now)


def approve(*, proposal_id: int, user: User, now: datetime) -> Change | None:
    """Carry out a proposal as the second person; None if it turned out void, which is recorded.

    Raises ProposalError for its author, for people whose groups do not hold the right (being superuser
    gives none), and if it is decided; FlagError if it cannot be carried out.
    """
    with transaction.atomic():
        version = services.lock()
        proposal = _open(proposal_id)
        _refuse_unfit(proposal, user)
        wanted = wanted_of(proposal.wanted)
        if proposal.base_version != version or foresee(wanted).as_json() != proposal.effect:
            reason = "It would no longer do what it was proposed for."
            record_decision(proposal, ProposalOutcome.VOID, now=now, reason=reason)
            return None
        record_decision(proposal, ProposalOutcome.APPROVED, now=now, actor_id=user.pk, version=version + 1)
        by = Author(name=proposal.proposer.get_username(), user_id=proposal.proposer_id)
        made = carry_out(wanted, reason=proposal.reason, by=by, now=now)
        if not made.changed:
            raise ProposalError("The flags are already as proposed.")
        _log(user, f"Approved proposal {proposal.pk}: flags version {made.version}.")
        return made


@transaction.atomic
def reject(*, proposal_id: int, reason: str, user: User, now: datetime) -> None:
    """Turn a proposal down, with a reason; its author withdraws it instead."""
    services.lock()
    proposal = _open(proposal_id)
    _refuse_unfit(proposal, user)
    record_decision(proposal, ProposalOutcome.REJECTED, now=now, actor_id=user.pk, reason=_checked(reason))
    _log(user, f"Rejected proposal {proposal.pk}.")


@transaction.atomic
def withdraw(*, proposal_id: int, user: User, now: datetime) -> None:
    """Take one's own proposal back."""
    services.lock()
    proposal = _open(proposal_id)
    if proposal.proposer_id != user.pk:
        raise ProposalError("Only who made a proposal withdraws it: reject it instead.")
    record_decision(proposal, ProposalOutcome.WITHDRAWN, now=now, actor_id=user.pk)
    _log(user, f"Withdrew proposal {proposal.pk}.")


def may_decide(user: User) -> bool:
    """Whether the person's groups, or the person, hold the right to decide; one query, asked each time."""
    held = Permission.objects.filter(codename=APPROVE, content_type__app_label="assignments")
    return user.is_active and held.filter(Q(user=user) | Q(group__user=user)).exists()


def _propose(wanted: Wanted, foreseen: Foreseen, *, reason: str, user: User, now: datetime) -> FlagProposal:
    proposal = FlagProposal.objects.create(
        base_version=foreseen.snapshot.version,
        wanted=wanted.as_json(),
        effect=foreseen.as_json(),
        reason=_checked(reason),
        proposer=user,
        created_at=now,
    )
    record_proposed(proposal, now=now)
    _log(user, f"Proposed a change of flags: {wanted.action}, proposal {proposal.pk}.")
    return proposal


def _refuse_stale(seen_version: int) -> None:
    version = services.lock()
    if version != seen_version:
        since = FlagChange.objects.filter(version__gt=seen_version).select_related("restaurant")
        raise StaleError(
            f"The flags are at version {version}; you decided on version {seen_version}.",
            list(since.order_by("version")[:20]),
        )


def _refuse_unfit(proposal: FlagProposal, user: User) -> None:
    if proposal.proposer_id == user.pk:
        raise ProposalError("You proposed it: somebody else has to decide.")
    if not may_decide(user):
        raise ProposalError(
            "Deciding takes the right to approve changes of flags, from a group or in person; being an "
            "administrator gives none."
        )


def _open(proposal_id: int) -> FlagProposal:
    """Raises FlagProposal.DoesNotExist, and ProposalError if it was decided."""
    proposal = FlagProposal.objects.select_related("proposer", "decision").get(pk=proposal_id)
    decision = getattr(proposal, "decision", None)
    if decision is not None:
        raise ProposalError(f"Proposal {proposal_id} is {decision.outcome} already.")
    return proposal


def _checked(reason: str) -> str:
    words = reason.strip()
    if not words or len(words) > LONGEST_REASON:
        raise BadValueError(f"Say why in 1 to {LONGEST_REASON} characters.")
    return words


def _author(user: User) -> Author:
    return Author(name=user.get_username(), user_id=user.pk)


def _log(user: User, message: str) -> None:
    LogEntry.objects.create(
        user=user,
        content_type=ContentType.objects.get_for_model(FlagState),
        object_id="1",
        object_repr="flags",
        action_flag=CHANGE,
        change_message=message,
    )

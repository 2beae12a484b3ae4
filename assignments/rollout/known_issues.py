"""The known-issues log: faults that are lived with, each with an owner, until they are resolved."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from assignments.models import IncidentSeverity, KnownIssue, Phase
from assignments.rollout import ledger, rights
from assignments.rollout.errors import Code, RolloutError
from assignments.rollout.texts import checked_reason

LONGEST_TITLE = 200
LONGEST_OWNER = 150


@transaction.atomic
def note(
    *, severity: IncidentSeverity, title: str, owner: str, phase: Phase | None, user: User, now: datetime
) -> KnownIssue:
    """Write down a fault that is known. Raises RolloutError without a title or an owner."""
    _refuse_without_right(user)
    named, owned = title.strip(), owner.strip()
    if not 0 < len(named) <= LONGEST_TITLE or not 0 < len(owned) <= LONGEST_OWNER:
        raise RolloutError(
            Code.UNEXPLAINED,
            f"Give what is wrong in 1 to {LONGEST_TITLE} characters and who owns it in 1 to {LONGEST_OWNER}.",
        )
    ledger.hold()
    issue = KnownIssue.objects.create(
        phase=phase, severity=severity, title=named, owner=owned, opened_at=now, opened_by=user
    )
    body = {"issue": issue.pk, "severity": str(severity), "title": named, "owner": owned}
    ledger.append("incident.known", body, phase=phase, by=rights.author_of(user), now=now)
    return issue


@transaction.atomic
def resolve(issue: KnownIssue, *, resolution: str, user: User, now: datetime) -> KnownIssue:
    """Close a known issue with how it ended. Raises RolloutError if it is closed already."""
    _refuse_without_right(user)
    why = checked_reason(resolution)
    ledger.hold()
    open_ = KnownIssue.objects.select_for_update(of=("self",)).select_related("phase").get(pk=issue.pk)
    if open_.closed_at is not None:
        raise RolloutError(Code.UNKNOWN, f"{open_} was closed already: {open_.resolution}")
    open_.closed_at, open_.resolution = now, why
    open_.save(update_fields=["closed_at", "resolution"])
    body = {"issue": open_.pk, "resolution": why}
    ledger.append("incident.known_closed", body, phase=open_.phase, by=rights.author_of(user), now=now)
    return open_


def _refuse_without_right(user: User) -> None:
    if not rights.holds(user.pk, rights.WORK):
        raise RolloutError(Code.NO_RIGHT, f"{user} may not keep the log of known issues.")

"""Incidents and complaints: told by people or by a rollback, closed with what became of them."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from assignments.flags.authors import Author
from assignments.models import Incident, IncidentSeverity, Phase
from assignments.rollout import ledger, rights
from assignments.rollout.errors import Code, RolloutError
from assignments.rollout.texts import checked_reason
from observability.events import Severity

#: While one of these is open, nothing goes on.
BLOCKING = (IncidentSeverity.P0, IncidentSeverity.P1)

LONGEST_TITLE = 200
_LOUDNESS = {
    IncidentSeverity.P0: Severity.CRITICAL,
    IncidentSeverity.P1: Severity.ERROR,
    IncidentSeverity.P2: Severity.WARNING,
    IncidentSeverity.COMPLAINT: Severity.NOTICE,
}


@transaction.atomic
def report(
    *,
    severity: IncidentSeverity,
    title: str,
    detail: str = "",
    phase: Phase | None,
    by: Author,
    now: datetime,
) -> Incident:
    """Open an incident on a phase, or outside of all. Guests are not named in it."""
    named = title.strip()
    if not named or len(named) > LONGEST_TITLE:
        raise RolloutError(
            Code.UNEXPLAINED,
            f"A title of {len(named)} characters is refused: say what happened in 1 to {LONGEST_TITLE}.",
        )
    # First, so that a decision either sees it or was recorded before it.
    ledger.hold()
    incident = Incident.objects.create(
        phase=phase,
        severity=severity,
        title=named,
        detail=detail,
        opened_at=now,
        opened_by_id=by.user_id,
    )
    body = {"incident": incident.pk, "severity": str(severity), "title": named, "detail": detail}
    ledger.append("incident.opened", body, phase=phase, by=by, now=now, severity=_LOUDNESS[severity])
    return incident


@transaction.atomic
def close(incident: Incident, *, resolution: str, user: User, now: datetime) -> Incident:
    """Close an incident with what became of it. Raises RolloutError if it is closed already."""
    if not rights.holds(user.pk, rights.WORK):
        raise RolloutError(Code.NO_RIGHT, f"{user} may not close incidents.")
    why = checked_reason(resolution)
    ledger.hold()
    open_ = Incident.objects.select_for_update(of=("self",)).select_related("phase").get(pk=incident.pk)
    if open_.closed_at is not None:
        raise RolloutError(Code.UNKNOWN, f"INC-{open_.pk} was closed already: {open_.resolution}")
    open_.closed_at, open_.closed_by, open_.resolution = now, user, why
    open_.save(update_fields=["closed_at", "closed_by", "resolution"])
    body = {"incident": open_.pk, "severity": open_.severity, "resolution": why}
    ledger.append("incident.closed", body, phase=open_.phase, by=rights.author_of(user), now=now)
    return open_


def blocking() -> QuerySet[Incident]:
    """Open P0 and P1, whichever phase they came up in."""
    return Incident.objects.filter(closed_at__isnull=True, severity__in=BLOCKING).order_by("opened_at")

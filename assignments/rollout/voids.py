"""Takes a sign-off back whose ground is gone. Its signatures stay on record and count for nothing."""

from datetime import datetime

from assignments.flags.authors import Author
from assignments.models import Phase, SignOff, SignOffEnd
from assignments.rollout import ledger
from observability.events import Severity


def void(sign_off: SignOff, why: str, *, by: Author, now: datetime) -> SignOff:
    """Void an open sign-off in the caller's transaction; its signers are told from the record."""
    sign_off.ended = SignOffEnd.VOIDED
    sign_off.ended_why = why
    sign_off.closed_at = now
    sign_off.save(update_fields=["ended", "ended_why", "closed_at"])
    ledger.append(
        "signoff.voided",
        {"sign_off": sign_off.pk, "why": why, "digest": sign_off.digest},
        phase=sign_off.phase,
        by=by,
        now=now,
        severity=Severity.WARNING,
    )
    return sign_off


def void_open(phase: Phase, why: str, *, by: Author, now: datetime) -> SignOff | None:
    """Void the phase's open sign-off, if there is one."""
    pending = SignOff.objects.filter(phase=phase, closed_at__isnull=True).select_for_update().first()
    return void(pending, why, by=by, now=now) if pending else None

"""What people write down about a phase: notes on the way, and the retrospective."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from assignments.models import Phase, Remark
from assignments.rollout import ledger, rights
from assignments.rollout.errors import Code, RolloutError

LONGEST = 10_000


@transaction.atomic
def write(*, phase: Phase, kind: Remark.Kind, text: str, user: User, now: datetime) -> Remark:
    """Add a note; also to a phase that was left, since looking back comes after it."""
    if not rights.holds(user.pk, rights.WORK):
        raise RolloutError(Code.NO_RIGHT, f"{user} may not write notes on the rollout.")
    said = text.strip()
    if not 0 < len(said) <= LONGEST:
        raise RolloutError(Code.UNEXPLAINED, f"A note has 1 to {LONGEST:,} characters, not {len(said):,}.")
    ledger.hold()
    remark = Remark.objects.create(phase=phase, kind=kind, text=said, author=user, created_at=now)
    body = {"remark": remark.pk, "kind": str(kind), "text": said}
    ledger.append("phase.remarked", body, phase=phase, by=rights.author_of(user), now=now)
    return remark

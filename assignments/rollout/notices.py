"""Tells the signers by mail: a phase can be decided, a sign-off is open or was voided, a rollback happened.

What is told of is read from the rollout's records, so that nothing is told that was not recorded and no
record waits for mail. At least once: a notice whose sender died is sent again under the same Message-ID.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.db.models import Q, QuerySet

from assignments.engine.phases import PHASES, PhaseKey
from assignments.models import LedgerEntry, RolloutNotice
from assignments.rollout.rights import SIGN_AS
from observability.accounts import hidden
from observability.notices import deliver_due, mail

#: What signers are told of, and what the mail begins with.
TOLD = {
    "gate.ready": "can be decided",
    "signoff.proposed": "waits for your signature",
    "signoff.voided": "its sign-off was voided",
    "phase.rolled_back": "was rolled back",
}

#: A record older than this is told to nobody who was not told of it then.
RECENT = timedelta(days=1)


def deliver(*, now: datetime) -> int:
    """Promise what is new, then send what is due until one fails; return how many were taken."""
    _promise(now)
    return deliver_due(
        RolloutNotice.objects.select_related("record__phase", "user").defer(*hidden("user")),
        lambda notice: mail(message_of(notice)),
    )


def signers_of(key: PhaseKey) -> QuerySet[User]:
    """Who can sign this phase off, and has an address."""
    rights = [SIGN_AS[role] for role in PHASES[key].signers]
    held = Q(groups__permissions__codename__in=rights) | Q(user_permissions__codename__in=rights)
    return User.objects.filter(held, is_active=True).exclude(email="").defer(*hidden()).distinct()


def _promise(now: datetime) -> None:
    told = LedgerEntry.objects.filter(
        kind__in=TOLD, at__gte=now - RECENT, notices__isnull=True, phase__isnull=False
    ).select_related("phase")
    for record in told:
        signers = signers_of(PhaseKey(record.phase.key)) if record.phase else User.objects.none()
        RolloutNotice.objects.bulk_create(
            (RolloutNotice(record=record, user=user) for user in signers), ignore_conflicts=True
        )


def message_of(notice: RolloutNotice) -> EmailMessage:
    """The mail. It says what happened and where to look; who decides looks at the page, not at a mail."""
    record = notice.record
    title = record.phase.get_key_display() if record.phase else ""
    why = record.body.get("reason") or record.body.get("why") or record.body.get("sentence") or ""
    lines = [
        f"{title} ({settings.ENVIRONMENT}) {TOLD[record.kind]}.",
        str(why),
        f"Record {record.number} of {record.at:%Y-%m-%d %H:%M} UTC by {record.author}, {record.digest[:12]}.",
        "Look at it in the console under Rollout before you decide.",
    ]
    return EmailMessage(
        subject=f"[{settings.ENVIRONMENT}] {title} {TOLD[record.kind]}",
        body="\n\n".join(line for line in lines if line) + "\n",
        to=[notice.user.email],
        # One id however often it is sent, so that mail programs show a repeat once.
        headers={"Message-ID": f"<rollout-{notice.pk}@table-assignment>", "Auto-Submitted": "auto-generated"},
    )

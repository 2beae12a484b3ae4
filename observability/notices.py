"""Delivers notices, each kind from a table of its own: what is due first is sent first, until one fails.

At least once: a notice whose sender died is sent again, and its receiver tells a repeat by its id. Called
from the workers' upkeep and not through the task queue, which may be what a notice is about.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from smtplib import SMTPException
from typing import TypeVar

from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from observability.database_clock import database_now
from observability.models import Notice, NoticeStatus

logger = logging.getLogger(__name__)

#: What was not taken is sent again after these delays, the last one repeated until KEPT is over.
RETRY_DELAYS = tuple(timedelta(seconds=s) for s in (5, 30, 120, 600, 1800))
KEPT = timedelta(days=1)

#: A sender that is longer at a notice is gone: its notice is due again.
LEASE = timedelta(seconds=60)

#: Sent in one round: one that hangs costs the round no more than its timeout.
AT_ONCE = 4

Some = TypeVar("Some", bound=Notice)


class NotTakenError(Exception):
    """A notice was not taken; the text says why in words of ours, without addresses."""


def deliver_due(notices: QuerySet[Some], send: Callable[[Some], None]) -> int:
    """Send those that are due, until one is not taken; return how many were."""
    taken = 0
    while taken < AT_ONCE and (notice := _claim(notices)) is not None:
        if not _delivered(notices, notice, send):
            break
        taken += 1
    return taken


def mail(message: EmailMessage) -> None:
    """Have the mail server take it. Raises NotTakenError, also for what is no address."""
    try:
        message.send()
    except (SMTPException, OSError, ValueError) as error:
        raise NotTakenError(f"the mail server did not take it ({type(error).__name__})") from error


def _claim(notices: QuerySet[Some]) -> Some | None:
    """The notice that is due first, put off by LEASE for every other sender; committed."""
    with transaction.atomic():
        notice = (
            notices.select_for_update(of=("self",), skip_locked=True)
            .filter(status=NoticeStatus.PENDING, due_at__lte=Now())
            .order_by("due_at", "pk")
            .first()
        )
        if notice is not None:
            notice.attempts += 1
            notices.filter(pk=notice.pk).update(due_at=Now() + LEASE, attempts=notice.attempts)
    return notice


def _delivered(notices: QuerySet[Some], notice: Some, send: Callable[[Some], None]) -> bool:
    """One try; what came of it is written only if nobody took the notice over meanwhile."""
    mine = notices.filter(pk=notice.pk, status=NoticeStatus.PENDING, attempts=notice.attempts)
    try:
        send(notice)
    except NotTakenError as error:
        logger.warning("%s, %s: %s", type(notice).__name__, notice, error)
        _put_off(mine, notice, str(error))
        return False
    mine.update(status=NoticeStatus.SENT, sent_at=Now(), last_error="")
    return True


def _put_off(mine: QuerySet[Some], notice: Some, why: str) -> None:
    delay = RETRY_DELAYS[min(notice.attempts, len(RETRY_DELAYS)) - 1]
    over = database_now() + delay >= notice.created_at + KEPT
    mine.update(
        status=NoticeStatus.DEAD if over else NoticeStatus.PENDING, due_at=Now() + delay, last_error=why
    )

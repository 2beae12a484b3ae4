"""Tells people of alerts: a mail, and a signed post to a pager. Promised with the step, sent after it.

Sent from the workers' upkeep and not through the task queue, which may be what the alert is about. At
least once: a notice whose sender died is sent again, and receivers tell a repeat by its id.
"""

import json
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from smtplib import SMTPException

import requests
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.db.models.functions import Now

from observability.alerts.policy import BY_KEY, title_of
from observability.models import AlertChange, AlertNotice, Channel, NoticeStatus
from observability.standard_webhooks import key_of, signed_headers

logger = logging.getLogger(__name__)

#: What was not taken is sent again after these delays, the last one repeated until KEPT is over.
RETRY_DELAYS = tuple(timedelta(seconds=s) for s in (5, 30, 120, 600, 1800))
KEPT = timedelta(days=1)

#: A sender that is longer at a notice is gone: its notice is due again.
LEASE = timedelta(seconds=60)

#: Notices sent in one round: one that hangs costs the round no more than its timeout.
AT_ONCE = 4

#: Seconds to connect and between two bytes of an answer.
TIMEOUT = (3.0, 5.0)


class NotTakenError(Exception):
    """A channel did not take a notice; the text says why in words of ours, without addresses."""


def promise(change: AlertChange) -> None:
    """Have each channel that is set up told of a step, in the transaction that makes it."""
    AlertNotice.objects.bulk_create(AlertNotice(change=change, channel=channel) for channel in _channels())


def deliver_due() -> int:
    """Send what is due, until one fails; return how many were taken."""
    taken = 0
    while taken < AT_ONCE and (notice := _claim()) is not None:
        if not _deliver(notice):
            break
        taken += 1
    return taken


def _channels() -> list[Channel]:
    set_up = {Channel.MAIL: settings.ALERT_MAIL_TO, Channel.WEBHOOK: settings.ALERT_WEBHOOK_URL}
    return [channel for channel, target in set_up.items() if target]


def _claim() -> AlertNotice | None:
    """The notice that is due first, put off by LEASE for every other sender; committed."""
    with transaction.atomic():
        notice = (
            AlertNotice.objects.select_for_update(of=("self",), skip_locked=True)
            .select_related("change__alert", "change__actor")
            .filter(status=NoticeStatus.PENDING, due_at__lte=Now())
            .order_by("due_at", "pk")
            .first()
        )
        if notice is not None:
            notice.attempts += 1
            AlertNotice.objects.filter(pk=notice.pk).update(due_at=Now() + LEASE, attempts=notice.attempts)
    return notice


def _deliver(notice: AlertNotice) -> bool:
    """One try; what came of it is written only if nobody took the notice over meanwhile."""
    mine = AlertNotice.objects.filter(pk=notice.pk, status=NoticeStatus.PENDING, attempts=notice.attempts)
    try:
        _SENDERS[Channel(notice.channel)](notice)
    except NotTakenError as error:
        logger.warning("alert notice %s by %s: %s", notice.uid, notice.channel, error)
        _put_off(notice, str(error))
        return False
    mine.update(status=NoticeStatus.SENT, sent_at=Now(), last_error="")
    return True


def _put_off(notice: AlertNotice, why: str) -> None:
    delay = RETRY_DELAYS[min(notice.attempts, len(RETRY_DELAYS)) - 1]
    over = _database_now() + delay >= notice.created_at + KEPT
    AlertNotice.objects.filter(pk=notice.pk, status=NoticeStatus.PENDING, attempts=notice.attempts).update(
        status=NoticeStatus.DEAD if over else NoticeStatus.PENDING, due_at=Now() + delay, last_error=why
    )


def _mail(notice: AlertNotice) -> None:
    alert, words = notice.change.alert, _words(notice)
    message = EmailMessage(
        subject=f"[{settings.ENVIRONMENT}] {alert.priority} {notice.change.to_state}: {words['title']}",
        body="\n".join(f"{name}: {value}" for name, value in words.items()) + "\n",
        to=list(settings.ALERT_MAIL_TO),
        # One id however often it is sent, so that mail programs show a repeat once.
        headers={"Message-ID": f"<alert-{notice.uid}@table-assignment>", "Auto-Submitted": "auto-generated"},
    )
    try:
        message.send()
    except (SMTPException, OSError) as error:
        raise NotTakenError(f"the mail server did not take it ({type(error).__name__})") from error


def _post(notice: AlertNotice) -> None:
    body = json.dumps({"type": f"alert.{notice.change.to_state}", "data": _words(notice)}).encode()
    headers = {
        "content-type": "application/json",
        "user-agent": "table-assignment-alerts/1",
        **signed_headers(
            keys=[key_of(settings.ALERT_WEBHOOK_SECRET)],
            uid=str(notice.uid),
            body=body,
            at=_database_now(),
        ),
    }
    try:
        status = _status_of(body, headers)
    except requests.RequestException as error:
        raise NotTakenError(f"no answer ({type(error).__name__})") from error
    if not 200 <= status <= 299:
        raise NotTakenError(f"answered {status}")


def _status_of(body: bytes, headers: Mapping[str, str]) -> int:
    """The status of the answer. Redirects are not followed, no proxy is taken from the environment."""
    with requests.Session() as session:
        session.trust_env = False
        with session.post(
            settings.ALERT_WEBHOOK_URL,
            data=body,
            headers=dict(headers),
            timeout=TIMEOUT,
            allow_redirects=False,
            stream=True,
        ) as answer:
            return answer.status_code


_SENDERS: Mapping[Channel, Callable[[AlertNotice], None]] = {Channel.MAIL: _mail, Channel.WEBHOOK: _post}


def _words(notice: AlertNotice) -> dict[str, str | float | int | None]:
    """What a channel is told: no personal data but the user name of who acknowledged."""
    change, alert = notice.change, notice.change.alert
    rule = BY_KEY.get(alert.rule)
    return {
        "title": title_of(alert.rule),
        "state": change.to_state,
        "rule": alert.rule,
        "priority": alert.priority,
        "environment": str(settings.ENVIRONMENT),
        "alert": alert.pk,
        "at": change.created_at.astimezone(UTC).isoformat(timespec="seconds"),
        "fired_at": alert.fired_at.astimezone(UTC).isoformat(timespec="seconds"),
        "value": change.value,
        "threshold": alert.threshold,
        "unit": rule.unit if rule else "",
        "detail": alert.detail,
        # A test keeps a section under this anchor for each rule.
        "runbook": f"docs/runbook.md#{alert.rule}",
        "by": change.actor.get_username() if change.actor else None,
    }


def _database_now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now

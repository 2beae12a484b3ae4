"""Tells people of alerts: a mail, and a signed post to a pager. Promised with the step, sent after it."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC

import requests
from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse

from observability import notices
from observability.accounts import hidden
from observability.alerts.policy import BY_KEY, title_of
from observability.database_clock import database_now
from observability.models import AlertChange, AlertNotice, Channel
from observability.notices import NotTakenError, mail
from observability.standard_webhooks import key_of, signed_headers

#: Seconds to connect and between two bytes of an answer.
TIMEOUT = (3.0, 5.0)


def promise(change: AlertChange) -> None:
    """Have each channel that is set up told of a step, in the transaction that makes it."""
    AlertNotice.objects.bulk_create(AlertNotice(change=change, channel=channel) for channel in _channels())


def deliver_due() -> int:
    """Send what is due, until one fails; return how many were taken."""
    return notices.deliver_due(
        AlertNotice.objects.select_related("change__alert", "change__actor").defer(*hidden("change__actor")),
        lambda notice: _SENDERS[Channel(notice.channel)](notice),
    )


def _channels() -> list[Channel]:
    set_up = {Channel.MAIL: settings.ALERT_MAIL_TO, Channel.WEBHOOK: settings.ALERT_WEBHOOK_URL}
    return [channel for channel, target in set_up.items() if target]


def _mail(notice: AlertNotice) -> None:
    alert, words = notice.change.alert, _words(notice)
    message = EmailMessage(
        subject=f"[{settings.ENVIRONMENT}] {alert.priority} {notice.change.to_state}: {words['title']}",
        body="\n".join(f"{name}: {value}" for name, value in words.items()) + "\n",
        to=list(settings.ALERT_MAIL_TO),
        # One id however often it is sent, so that mail programs show a repeat once.
        headers={"Message-ID": f"<alert-{notice.uid}@table-assignment>", "Auto-Submitted": "auto-generated"},
    )
    mail(message)


def _post(notice: AlertNotice) -> None:
    body = json.dumps({"type": f"alert.{notice.change.to_state}", "data": _words(notice)}).encode()
    headers = {
        "content-type": "application/json",
        "user-agent": "table-assignment-alerts/1",
        **signed_headers(
            keys=[key_of(settings.ALERT_WEBHOOK_SECRET)],
            uid=str(notice.uid),
            body=body,
            at=database_now(),
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
        "runbook": _runbook(alert.rule),
        "by": change.actor.get_username() if change.actor else None,
    }


def _runbook(rule: str) -> str:
    """Where it stands what to do: in the console, or in the repository while nobody said where that is.

    A test keeps a section under this anchor for each rule.
    """
    if not settings.CONSOLE_URL:
        return f"docs/runbook.md#{rule}"
    return f"{settings.CONSOLE_URL}{reverse('admin:help_page', args=['runbook'])}#{rule}"

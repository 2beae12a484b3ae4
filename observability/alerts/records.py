"""The steps of an alert: each is a row of its own, an event, and a notice to each channel."""

from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from observability import events
from observability.alerts.notices import promise
from observability.alerts.policy import Rule
from observability.models import Alert, AlertChange, AlertState, Severity


class AlertError(ValueError):
    """A step that this alert does not allow; the text says why."""


def fire(*, rule: Rule, value: float, detail: str, breaching_since: datetime, now: datetime) -> Alert:
    """Open an alert. Within the caller's transaction."""
    alert = Alert.objects.create(
        rule=rule.key,
        priority=rule.priority,
        breaching_since=breaching_since,
        fired_at=now,
        value=value,
        threshold=rule.threshold,
        detail=detail,
    )
    _note(alert, AlertState.FIRING, value, now)
    return alert


def resolve(*, rule: Rule, value: float, now: datetime) -> None:
    """Close the rule's open alert, if it has one. Within the caller's transaction."""
    alert = Alert.objects.select_for_update().filter(rule=rule.key, resolved_at__isnull=True).first()
    if alert is None:
        return
    alert.state, alert.resolved_at = AlertState.RESOLVED, now
    alert.save(update_fields=["state", "resolved_at"])
    _note(alert, AlertState.RESOLVED, value, now)


def acknowledge(*, alert_id: int, user: AbstractBaseUser, now: datetime) -> Alert:
    """Note that somebody sees to an alert.

    Raises Alert.DoesNotExist for an unknown one, AlertError if it is acknowledged or over.
    """
    with transaction.atomic():
        alert = Alert.objects.select_for_update(of=("self",)).get(pk=alert_id)
        if alert.state != AlertState.FIRING:
            raise AlertError(f"This alert is {alert.state} already.")
        alert.state, alert.acknowledged_at, alert.acknowledged_by_id = (
            AlertState.ACKNOWLEDGED, now, user.pk,
        )  # fmt: skip
        alert.save(update_fields=["state", "acknowledged_at", "acknowledged_by"])
        _note(alert, AlertState.ACKNOWLEDGED, None, now, actor_id=user.pk)
    return alert


_EVENTS = {
    AlertState.FIRING: ("alert.fired", Severity.ERROR),
    AlertState.ACKNOWLEDGED: ("alert.acknowledged", Severity.NOTICE),
    AlertState.RESOLVED: ("alert.resolved", Severity.NOTICE),
}


def _note(
    alert: Alert, state: AlertState, value: float | None, now: datetime, *, actor_id: int | None = None
) -> None:
    change = AlertChange.objects.create(
        alert=alert, to_state=state, value=value, actor_id=actor_id, created_at=now
    )
    name, severity = _EVENTS[state]
    context = {"alert": alert.pk, "rule": alert.rule, "priority": alert.priority, "value": value}
    if actor_id is not None:
        context["actor"] = actor_id
    events.record(
        [
            events.Record(
                source=events.OBSERVABILITY, event_type=name, at=now, severity=severity, context=context
            )
        ]
    )
    promise(change)

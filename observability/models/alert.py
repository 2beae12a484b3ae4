"""Alerts: where each rule stands, what fired and what became of it, and who was told."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from observability.models.notice import Notice, due_index, rules_of_notices


class Priority(models.TextChoices):
    """P1 wakes somebody, P2 is seen to in the shift."""

    P1 = "P1"
    P2 = "P2"


class RuleState(models.TextChoices):
    """What was last seen of a rule. No data is never quiet."""

    QUIET = "quiet"
    PENDING = "pending"
    FIRING = "firing"
    NO_DATA = "no_data", "No data"


class AlertState(models.TextChoices):
    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Channel(models.TextChoices):
    MAIL = "mail"
    WEBHOOK = "webhook"


class RuleStanding(models.Model):
    """A rule as of its last evaluation; `value` is empty where there was no data."""

    rule = models.CharField(max_length=40, unique=True)
    state = models.CharField(max_length=16, choices=RuleState)
    since = models.DateTimeField(help_text="When it came into this state.")
    breaching_since = models.DateTimeField(null=True)
    clear_since = models.DateTimeField(null=True, help_text="While it fires: since when it has been good.")
    value = models.FloatField(null=True)
    detail = models.CharField(max_length=200)
    evaluated_at = models.DateTimeField()

    class Meta:
        db_table = "observability_rule_standings"
        constraints = [
            models.CheckConstraint(
                name="rule_standings_state_known", condition=Q(state__in=RuleState.values)
            ),
            models.CheckConstraint(
                name="rule_standings_breach_dated",
                condition=~Q(state="pending") | Q(breaching_since__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule}: {self.state}"


class Alert(models.Model):
    """One occurrence of a rule, from when it fired; at most one of a rule is open."""

    rule = models.CharField(max_length=40)
    priority = models.CharField(max_length=2, choices=Priority)
    state = models.CharField(max_length=16, choices=AlertState, default=AlertState.FIRING)
    breaching_since = models.DateTimeField()
    fired_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    resolved_at = models.DateTimeField(null=True)
    value = models.FloatField(help_text="As it fired.")
    threshold = models.FloatField(help_text="As it was when it fired.")
    detail = models.CharField(max_length=200)

    class Meta:
        db_table = "observability_alerts"
        permissions = [("acknowledge_alert", "Can acknowledge alerts")]
        indexes = [models.Index(fields=["-fired_at"], name="alerts_newest")]
        constraints = [
            models.UniqueConstraint(
                fields=["rule"], name="alerts_one_open", condition=Q(resolved_at__isnull=True)
            ),
            models.CheckConstraint(name="alerts_priority_known", condition=Q(priority__in=Priority.values)),
            models.CheckConstraint(
                name="alerts_state_dated",
                condition=Q(state="firing", acknowledged_at__isnull=True, resolved_at__isnull=True)
                | Q(state="acknowledged", acknowledged_at__isnull=False, resolved_at__isnull=True)
                | Q(state="resolved", resolved_at__isnull=False),
            ),
            models.CheckConstraint(
                name="alerts_acknowledged_by_somebody",
                condition=Q(acknowledged_at__isnull=True, acknowledged_by__isnull=True)
                | Q(acknowledged_at__isnull=False, acknowledged_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule} since {self.fired_at:%Y-%m-%d %H:%M} UTC"


class AlertChange(models.Model):
    """One step of an alert: what it became, when, and by whom if by a person. Append-only."""

    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, related_name="changes")
    to_state = models.CharField(max_length=16, choices=AlertState)
    value = models.FloatField(null=True, help_text="Of the rule at that moment; empty if there was no data.")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        db_table = "observability_alert_changes"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["alert", "to_state"], name="alert_changes_once"),
            models.CheckConstraint(
                name="alert_changes_state_known", condition=Q(to_state__in=AlertState.values)
            ),
            models.CheckConstraint(
                name="alert_changes_acknowledged_by_somebody",
                condition=~Q(to_state="acknowledged") | Q(actor__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.alert_id} {self.to_state}"


class AlertNotice(Notice):
    """A step of an alert that one channel is to be told of."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    change = models.ForeignKey(AlertChange, on_delete=models.PROTECT, related_name="notices")
    channel = models.CharField(max_length=16, choices=Channel)

    class Meta:
        db_table = "observability_alert_notices"
        indexes = [due_index("alert_notices")]
        constraints = [
            models.UniqueConstraint(fields=["change", "channel"], name="alert_notices_once"),
            models.CheckConstraint(
                name="alert_notices_channel_known", condition=Q(channel__in=Channel.values)
            ),
            *rules_of_notices("alert_notices"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.uid}"

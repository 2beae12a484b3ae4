"""Events: what happened, told once, never edited.

The table is partitioned by day of `created_at`, append-only by trigger, and knows restaurants and
bookings as bare ids, so that this floor needs no other.
"""

from django.db import models
from django.db.models.functions import Now


class Severity(models.TextChoices):
    INFO = "info"
    NOTICE = "notice"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


class Event(models.Model):
    """One observability event; written by `observability.events.record` only.

    Django sees `id` as the primary key. The database's key is (id, created_at), because a unique
    key of a partitioned table must hold the partition column; `id` comes from one sequence.
    """

    id = models.BigAutoField(primary_key=True)
    source = models.CharField(max_length=64)
    event_type = models.CharField(max_length=64)
    severity = models.CharField(max_length=16, choices=Severity, default=Severity.INFO)
    context = models.JSONField(default=dict)
    restaurant_id = models.BigIntegerField(null=True)
    booking_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "observability_events"
        permissions = [("export_event", "Can export events as CSV")]
        indexes = [
            # A booking's timeline.
            models.Index(fields=["booking_id", "created_at"], name="events_booking"),
            # Metrics over a window by source and type.
            models.Index(fields=["source", "event_type", "created_at"], name="events_kind"),
        ]
        constraints = [
            models.CheckConstraint(
                name="events_severity_known", condition=models.Q(severity__in=Severity.values)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.event_type}"

"""Events: what happened, told once, never edited.

The table is partitioned by day of `created_at`, append-only by trigger, and knows restaurants and
bookings as bare ids, so that this floor needs no other.
"""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Now

#: Sources the database accepts; a new one needs a migration.
SOURCES = (
    "allocations",
    "assignment.coordinator",
    "assignment.engine",
    "assignment.shadow",
    "assignment.state_machine",
    "auto_assign",
    "bookings",
    "cluster",
    "flags",
    "observability",
    "outbox",
    "review",
    "rollout",
    "webhooks",
)


class Severity(models.TextChoices):
    INFO = "info"
    NOTICE = "notice"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


FAILED = ("error", "critical")


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
            # What rarely happens: openings of the circuit, errors, changes of flags. Partitions tell the
            # day; without the time in it, equal keys are stored once, which makes it a tenth in size.
            models.Index(fields=["event_type"], name="events_type"),
            # The part of an hour of one restaurant that rollups cannot answer.
            models.Index(fields=["restaurant_id", "created_at"], name="events_restaurant"),
            # What went wrong, of whatever type; few rows, so that it costs writers nothing.
            models.Index(
                fields=["created_at"], name="events_failed", condition=models.Q(severity__in=FAILED)
            ),
            # Minutes of a day: rows arrive in order of time, so that a summary by pages is enough.
            BrinIndex(fields=["created_at"], name="events_time", pages_per_range=32, autosummarize=True),
        ]
        constraints = [
            models.CheckConstraint(
                name="events_severity_known", condition=models.Q(severity__in=Severity.values)
            ),
            models.CheckConstraint(name="events_source_known", condition=models.Q(source__in=SOURCES)),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.event_type}"

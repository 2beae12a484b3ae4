"""Events: what happened, told once, never edited.

The table is partitioned by day of `created_at`, append-only by trigger, and knows restaurants and
bookings as bare ids, so that this floor needs no other.
"""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Now

#: Sources the database accepts; a new one needs a migration.
SOURCES = (
    "access",
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

#: Types of which nearly every booking leaves some. No index by type holds them: rows by the million are not
#: found by one, and it would cost more than all the others together.
EVERYDAY = (
    "booking.assignment_state_transition",
    "auto_assign.transition",
    "auto_assign.attempt.start",
    "auto_assign.attempt",
    "auto_assign.summary",
    "coordinator.start",
    "coordinator.lock_acquired",
    "coordinator.rate_permit_acquired",
    "coordinator.confirmed",
    "coordinator.manual_review",
    "coordinator.retry",
    "attempt.success",
    "attempt.failure",
    "shadow.compared",
    "mail.sent",
)


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
        permissions = [
            ("export_event", "Can export events as CSV"),
            ("view_audit", "Can see who did what"),
            ("export_audit", "Can export who did what as CSV"),
        ]
        indexes = [
            # A booking's timeline. Without the time in it, equal keys are stored once, which halves its size.
            models.Index(fields=["booking_id"], name="events_booking"),
            # What rarely happens: openings of the circuit, errors, changes of flags.
            models.Index(
                fields=["event_type"], name="events_rare", condition=~models.Q(event_type__in=EVERYDAY)
            ),
            # Of one restaurant the part of an hour that rollups cannot answer, and its list: together with
            # the pages that the summary by time leaves. With the time in it, it would be five times as large.
            models.Index(fields=["restaurant_id"], name="events_restaurant"),
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

"""Outbox: mails promised in the transaction that made them due, sent afterwards.

A row names the booking, never the guest: address and text are read from the booking at sending.
"""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from bookings.models.booking import Booking


class MailKind(models.TextChoices):
    RECEIVED = "received"
    CONFIRMATION = "confirmation"


class MailStatus(models.TextChoices):
    """PENDING waits, INFLIGHT is claimed, SENT was accepted, UNKNOWN may have been, DEAD was refused."""

    PENDING = "pending"
    INFLIGHT = "inflight"
    SENT = "sent"
    UNKNOWN = "unknown"
    DEAD = "dead"


class OutboxMessage(models.Model):
    """One mail to one guest; at most one of a kind and revision for a booking."""

    booking = models.ForeignKey(Booking, on_delete=models.PROTECT, related_name="mails")
    kind = models.CharField(max_length=16, choices=MailKind)
    revision = models.PositiveIntegerField(help_text="State version of the booking the mail is about.")
    status = models.CharField(max_length=16, choices=MailStatus, default=MailStatus.PENDING)
    due_at = models.DateTimeField(db_default=Now(), help_text="Not sent before.")
    claimed_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    message_id = models.CharField(max_length=200, unique=True)
    last_error = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "outbox_messages"
        ordering = ["-created_at"]
        indexes = [
            models.Index(
                fields=["due_at"], name="outbox_unsent", condition=Q(status__in=["pending", "inflight"])
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["booking", "kind", "revision"], name="outbox_once"),
            models.CheckConstraint(name="outbox_kind_known", condition=Q(kind__in=MailKind.values)),
            models.CheckConstraint(name="outbox_status_known", condition=Q(status__in=MailStatus.values)),
            models.CheckConstraint(
                name="outbox_sent_has_time", condition=~Q(status=MailStatus.SENT) | Q(sent_at__isnull=False)
            ),
            models.CheckConstraint(
                name="outbox_inflight_has_time",
                condition=~Q(status=MailStatus.INFLIGHT) | Q(claimed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for {self.booking_id}"

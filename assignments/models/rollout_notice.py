"""Mails to the signers about the rollout."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from assignments.models.rollout import LedgerEntry


class NoticeStatus(models.TextChoices):
    PENDING = "pending"
    SENT = "sent"
    DEAD = "dead"


class RolloutNotice(models.Model):
    """A record that one signer is told of by mail; tried again until it is taken or too old."""

    record = models.ForeignKey(LedgerEntry, on_delete=models.PROTECT, related_name="notices")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=16, choices=NoticeStatus, default=NoticeStatus.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(db_default=Now())
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=100, default="", blank=True)

    class Meta:
        db_table = "rollout_notices"
        indexes = [models.Index(fields=["due_at"], name="rollout_notices_due", condition=Q(status="pending"))]
        constraints = [
            models.UniqueConstraint(fields=["record", "user"], name="rollout_notices_once"),
            models.CheckConstraint(
                name="rollout_notices_status_known", condition=Q(status__in=NoticeStatus.values)
            ),
            models.CheckConstraint(
                name="rollout_notices_sent_has_time",
                condition=Q(status="sent", sent_at__isnull=False)
                | ~Q(status="sent") & Q(sent_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"record {self.record_id} to {self.user_id}"

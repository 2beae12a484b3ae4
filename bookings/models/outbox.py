"""Outbox: mails promised in the transaction that made them due, sent afterwards.

A row names the booking, never the guest: address and text are read from the booking at sending.
"""

import re

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from bookings.models.booking import Booking


class MailKind(models.TextChoices):
    """RECEIVED when a booking goes to review, DECLINED when people turn it down there."""

    RECEIVED = "received"
    CONFIRMATION = "confirmation"
    CHANGED = "changed"
    CANCELLED = "cancelled"
    DECLINED = "declined"


class MailStatus(models.TextChoices):
    """PENDING waits, INFLIGHT is claimed, SENT was accepted, UNKNOWN may have been, DEAD was refused.

    VOID no longer held before it was sent, SUPPRESSED was held back by the environment's MAIL_MODE.
    """

    PENDING = "pending"
    INFLIGHT = "inflight"
    SENT = "sent"
    UNKNOWN = "unknown"
    DEAD = "dead"
    VOID = "void"
    SUPPRESSED = "suppressed"


def original_message_id(message_id: str) -> str:
    """The Message-ID as it was promised, of a mail that may have been sent again."""
    return re.sub(r"\.r\d+@", "@", message_id)


class OutboxMessage(models.Model):
    """One mail to one guest; at most one of a kind and revision for a booking."""

    booking = models.ForeignKey(Booking, on_delete=models.PROTECT, related_name="mails", db_index=False)
    kind = models.CharField(max_length=16, choices=MailKind)
    revision = models.PositiveIntegerField(help_text="Revision of the booking the mail is about.")
    status = models.CharField(max_length=16, choices=MailStatus, default=MailStatus.PENDING)
    due_at = models.DateTimeField(db_default=Now(), help_text="Not sent before.")
    claimed_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    message_id = models.CharField(max_length=200)
    resends = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="How often people had it sent again."
    )
    last_error = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "outbox_messages"
        ordering = ["-created_at"]
        permissions = [("resend_mail", "Can decide about mails: send again, mark as delivered")]
        indexes = [
            models.Index(
                fields=["due_at"], name="outbox_unsent", condition=Q(status__in=["pending", "inflight"])
            ),
            # What is not simply sent stays little, and is counted and shown first.
            models.Index(fields=["status", "-id"], name="outbox_not_sent", condition=~Q(status="sent")),
            models.Index(fields=["sent_at"], name="outbox_sent_at", condition=Q(status="sent")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["booking", "kind", "revision"], name="outbox_once"),
            models.UniqueConstraint(fields=["message_id"], name="outbox_message_id_unique"),
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

    @property
    def current_message_id(self) -> str:
        """The Message-ID of this sending: one that people asked for is told apart from those before."""
        return self.message_id.replace("@", f".r{self.resends}@") if self.resends else self.message_id

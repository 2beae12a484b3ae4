"""What somebody is to be told, and what became of it."""

from django.db import models
from django.db.models import BaseConstraint, Q
from django.db.models.functions import Now


class NoticeStatus(models.TextChoices):
    PENDING = "pending"
    SENT = "sent"
    DEAD = "dead"


class Notice(models.Model):
    """One thing that one receiver is to be told of; tried again until it is taken or too old."""

    status = models.CharField(max_length=16, choices=NoticeStatus, default=NoticeStatus.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(db_default=Now())
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=100, default="", blank=True)

    class Meta:
        abstract = True


def due_index(name: str) -> models.Index:
    """The index of what is still to be told, for the `Meta` of each kind of notice."""
    return models.Index(fields=["due_at"], name=f"{name}_due", condition=Q(status="pending"))


def rules_of_notices(name: str) -> list[BaseConstraint]:
    """The constraints that each kind of notice has, under its own name."""
    return [
        models.CheckConstraint(name=f"{name}_status_known", condition=Q(status__in=NoticeStatus.values)),
        models.CheckConstraint(
            name=f"{name}_sent_has_time",
            condition=Q(status="sent", sent_at__isnull=False) | ~Q(status="sent") & Q(sent_at__isnull=True),
        ),
    ]

"""Attempts: one row for each run that came to a decision."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from bookings.models import Booking


class AttemptResult(models.TextChoices):
    SUCCESS = "success"
    FAILURE = "failure"
    ERROR = "error"
    LOST = "lost", "Worker lost"


class Attempt(models.Model):
    """What one run decided and why. Append-only.

    `metadata` holds the plans considered with their scores and, by table, why not.
    """

    booking = models.ForeignKey(Booking, on_delete=models.PROTECT, related_name="attempts", db_index=False)
    attempt_no = models.PositiveSmallIntegerField()
    strategy = models.CharField(max_length=40, null=True)
    result = models.CharField(max_length=16, choices=AttemptResult)
    reason = models.CharField(max_length=40, null=True, help_text="Reason code; empty for a success.")
    metadata = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "booking_assignment_attempts"
        ordering = ["booking_id", "attempt_no"]
        constraints = [
            models.UniqueConstraint(fields=["booking", "attempt_no"], name="attempts_number_unique"),
            models.CheckConstraint(name="attempts_number_positive", condition=Q(attempt_no__gte=1)),
            models.CheckConstraint(
                name="attempts_result_known", condition=Q(result__in=AttemptResult.values)
            ),
            models.CheckConstraint(
                name="attempts_reason_iff_failed",
                condition=Q(result=AttemptResult.SUCCESS, reason__isnull=True)
                | (~Q(result=AttemptResult.SUCCESS) & Q(reason__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.booking_id} attempt {self.attempt_no}: {self.result}"

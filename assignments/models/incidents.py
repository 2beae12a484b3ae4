"""What went wrong while a phase ran, and the faults that are known and lived with."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from assignments.models.rollout import Phase

_USER = settings.AUTH_USER_MODEL


class IncidentSeverity(models.TextChoices):
    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    COMPLAINT = "complaint", "Customer complaint"


class Incident(models.Model):
    """Something that went wrong while a phase ran, told by a person or by the guard."""

    phase = models.ForeignKey(Phase, on_delete=models.PROTECT, null=True, related_name="incidents")
    severity = models.CharField(max_length=16, choices=IncidentSeverity)
    title = models.CharField(max_length=200)
    detail = models.TextField(blank=True, default="")
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(
        _USER, on_delete=models.PROTECT, null=True, related_name="+", help_text="Empty: the guard."
    )
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(_USER, on_delete=models.PROTECT, null=True, related_name="+")
    resolution = models.TextField(blank=True, default="")

    class Meta:
        db_table = "rollout_incidents"
        ordering = ["-opened_at"]
        indexes = [models.Index(fields=["-opened_at"], name="rollout_incidents_newest")]
        constraints = [
            models.CheckConstraint(
                name="rollout_incidents_severity_known", condition=Q(severity__in=IncidentSeverity.values)
            ),
            models.CheckConstraint(name="rollout_incidents_named", condition=~Q(title="")),
            models.CheckConstraint(
                name="rollout_incidents_closed_whole",
                condition=Q(closed_at__isnull=True, closed_by__isnull=True, resolution="")
                | Q(closed_at__isnull=False, closed_by__isnull=False) & ~Q(resolution=""),
            ),
        ]

    def __str__(self) -> str:
        return f"INC-{self.pk} {self.severity}: {self.title}"


class KnownIssue(models.Model):
    """A fault that is known and lived with: who owns it, how bad it is, how it ended."""

    phase = models.ForeignKey(Phase, on_delete=models.PROTECT, null=True, related_name="known_issues")
    severity = models.CharField(max_length=16, choices=IncidentSeverity)
    title = models.CharField(max_length=200)
    owner = models.CharField(max_length=150)
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(_USER, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(null=True)
    resolution = models.TextField(blank=True, default="")

    class Meta:
        db_table = "rollout_known_issues"
        ordering = ["-opened_at"]
        constraints = [
            models.CheckConstraint(
                name="rollout_known_issues_severity_known", condition=Q(severity__in=IncidentSeverity.values)
            ),
            models.CheckConstraint(name="rollout_known_issues_named", condition=~Q(title="") & ~Q(owner="")),
            models.CheckConstraint(
                name="rollout_known_issues_closed_whole",
                condition=Q(closed_at__isnull=True, resolution="")
                | Q(closed_at__isnull=False) & ~Q(resolution=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.severity}: {self.title}"

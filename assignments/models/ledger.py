"""The rollout's chain of records, and bundles of other deployments that were verified here."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from assignments.models.rollout import KEYS, PHASE_CHOICES, Phase

_USER = settings.AUTH_USER_MODEL


class LedgerEntry(models.Model):
    """One record of the rollout, bound to the one before by its digest. Append-only.

    `digest` is that of `assignments.engine.gates.canonical.link(previous, record)`; the first one's
    previous is 64 zeros. Numbers have no gaps: the chain is written under one lock.
    """

    number = models.PositiveIntegerField(unique=True)
    kind = models.CharField(max_length=40)
    phase = models.ForeignKey(Phase, on_delete=models.PROTECT, null=True, related_name="records")
    at = models.DateTimeField()
    author = models.CharField(max_length=150)
    actor = models.ForeignKey(_USER, on_delete=models.PROTECT, null=True, related_name="+")
    body = models.JSONField()
    previous = models.CharField(max_length=64)
    digest = models.CharField(max_length=64, unique=True)

    class Meta:
        db_table = "rollout_ledger"
        ordering = ["number"]
        constraints = [
            models.CheckConstraint(name="rollout_ledger_numbered", condition=Q(number__gte=1)),
            models.CheckConstraint(name="rollout_ledger_linked", condition=~Q(previous=F("digest"))),
            models.UniqueConstraint(fields=["previous"], name="rollout_ledger_no_fork"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.kind}"


class ImportedEvidence(models.Model):
    """A bundle of another deployment, verified on import: production's entrance ticket. Append-only."""

    environment = models.CharField(max_length=16)
    phase = models.CharField(max_length=20, choices=PHASE_CHOICES)
    chain_head = models.CharField(max_length=64)
    file_digest = models.CharField(max_length=64, unique=True)
    summary = models.JSONField()
    imported_at = models.DateTimeField()
    imported_by = models.ForeignKey(_USER, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        db_table = "rollout_imported_evidence"
        ordering = ["-imported_at"]
        constraints = [
            models.CheckConstraint(name="rollout_imported_evidence_phase_known", condition=Q(phase__in=KEYS)),
        ]

    def __str__(self) -> str:
        return f"evidence of {self.environment} {self.phase}"

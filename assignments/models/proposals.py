"""Changes of flags that one person has proposed and another decides. Both rows are append-only."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class FlagProposal(models.Model):
    """A change of flags that waits for a second person, bound to the version it was made on.

    `wanted` is the change as data, `effect` the restaurants whose path it changes and how: whoever
    approves decides on exactly that.
    """

    base_version = models.PositiveIntegerField(help_text="The flags' version it was made on.")
    wanted = models.JSONField()
    effect = models.JSONField(help_text="Path before and after, by restaurant.")
    reason = models.CharField(max_length=500)
    proposer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "assignment_flag_proposals"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(name="flag_proposals_explained", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"proposal {self.pk} on v{self.base_version}"


class ProposalOutcome(models.TextChoices):
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    VOID = "void"


class FlagDecision(models.Model):
    """What became of a proposal. Nobody approves their own; the database refuses that, too."""

    proposal = models.OneToOneField(FlagProposal, on_delete=models.PROTECT, related_name="decision")
    outcome = models.CharField(max_length=16, choices=ProposalOutcome)
    version = models.PositiveIntegerField(null=True, help_text="The version that approving made.")
    reason = models.CharField(max_length=500, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="Empty: nobody, the proposal became void by itself.",
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "assignment_flag_decisions"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="flag_decisions_outcome_known", condition=Q(outcome__in=ProposalOutcome.values)
            ),
            models.CheckConstraint(
                name="flag_decisions_approval_makes_a_version",
                condition=Q(outcome="approved", version__isnull=False)
                | (~Q(outcome="approved") & Q(version__isnull=True)),
            ),
            models.CheckConstraint(
                name="flag_decisions_by_somebody", condition=Q(outcome="void") | Q(actor__isnull=False)
            ),
            models.CheckConstraint(
                name="flag_decisions_refusal_explained",
                condition=Q(outcome__in=["approved", "withdrawn"]) | ~Q(reason=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.outcome} proposal {self.proposal_id}"

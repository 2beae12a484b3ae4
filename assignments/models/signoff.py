"""Sign-offs: what is to be decided about a phase, on which evidence, and who signed."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from assignments.engine.phases import Role
from assignments.models.rollout import KEYS, PHASE_CHOICES, Phase, Snapshot

_USER = settings.AUTH_USER_MODEL
ROLE_CHOICES = [(role.value, role.value) for role in Role]


class Decision(models.TextChoices):
    PROCEED = "proceed"
    HOLD = "hold"
    ROLL_BACK = "roll_back", "Roll back"


class SignOffEnd(models.TextChoices):
    DECIDED = "decided"
    REJECTED = "rejected"
    VOIDED = "voided"


class SignOff(models.Model):
    """A decision put to the signers of a phase. At most one is open; signatures bind to its digest."""

    phase = models.ForeignKey(Phase, on_delete=models.PROTECT, related_name="sign_offs")
    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="sign_offs")
    decision = models.CharField(max_length=16, choices=Decision)
    target = models.CharField(
        max_length=20,
        choices=PHASE_CHOICES,
        null=True,
        help_text="The phase it leads to; empty: hold, legacy alone, or no phase is left.",
    )
    reason = models.CharField(max_length=500)
    digest = models.CharField(max_length=64)
    proposed_by = models.ForeignKey(_USER, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    ended = models.CharField(max_length=16, choices=SignOffEnd, null=True)
    ended_why = models.TextField(blank=True, default="")

    class Meta:
        db_table = "rollout_sign_offs"
        ordering = ["-opened_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["phase"], name="rollout_sign_offs_one_open", condition=Q(closed_at__isnull=True)
            ),
            models.CheckConstraint(
                name="rollout_sign_offs_decision_known", condition=Q(decision__in=Decision.values)
            ),
            models.CheckConstraint(
                name="rollout_sign_offs_target_known", condition=Q(target__isnull=True) | Q(target__in=KEYS)
            ),
            models.CheckConstraint(name="rollout_sign_offs_explained", condition=~Q(reason="")),
            models.CheckConstraint(
                name="rollout_sign_offs_closed_whole",
                condition=Q(closed_at__isnull=True, ended__isnull=True)
                | Q(closed_at__isnull=False, ended__isnull=False) & (Q(ended="decided") | ~Q(ended_why="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.decision} of phase {self.phase_id}"


class Signature(models.Model):
    """One person's word in one role, bound to the digest it was given for. Append-only."""

    sign_off = models.ForeignKey(SignOff, on_delete=models.PROTECT, related_name="signatures")
    role = models.CharField(max_length=24, choices=ROLE_CHOICES)
    user = models.ForeignKey(_USER, on_delete=models.PROTECT, related_name="+")
    approves = models.BooleanField()
    reason = models.CharField(max_length=500, blank=True, default="")
    digest = models.CharField(max_length=64)
    reauthenticated = models.BooleanField(help_text="Whether the password was given again for it.")
    signed_at = models.DateTimeField()

    class Meta:
        db_table = "rollout_signatures"
        ordering = ["signed_at"]
        constraints = [
            models.UniqueConstraint(fields=["sign_off", "role"], name="rollout_signatures_role_once"),
            models.UniqueConstraint(fields=["sign_off", "user"], name="rollout_signatures_person_once"),
            models.CheckConstraint(
                name="rollout_signatures_role_known", condition=Q(role__in=[role.value for role in Role])
            ),
            models.CheckConstraint(
                name="rollout_signatures_rejection_explained", condition=Q(approves=True) | ~Q(reason="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} on sign-off {self.sign_off_id}"


class GateOverride(models.Model):
    """A gate that is not settled, taken on by the engineering manager for one sign-off. Append-only."""

    sign_off = models.ForeignKey(SignOff, on_delete=models.PROTECT, related_name="overrides")
    gate = models.CharField(max_length=40)
    reason = models.CharField(max_length=500)
    user = models.ForeignKey(_USER, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        db_table = "rollout_gate_overrides"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["sign_off", "gate"], name="rollout_gate_overrides_once"),
            models.CheckConstraint(name="rollout_gate_overrides_explained", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.gate} on sign-off {self.sign_off_id}"

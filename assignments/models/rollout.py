"""The rollout: its phases with their frozen policies, and what the gates and people saw of them."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from assignments.engine.phases import PHASES, PhaseKey
from assignments.models.flags import Cohort

PHASE_CHOICES = [(key.value, PHASES[key].title) for key in PhaseKey]
KEYS = [key.value for key in PhaseKey]
_USER = settings.AUTH_USER_MODEL


class GatePolicy(models.Model):
    """The thresholds of a phase's gates, one version. Append-only; a phase freezes the one it starts with.

    `rules` is the dump of an `assignments.engine.gates.policy.Phase`, and `digest` its digest.
    """

    phase = models.CharField(max_length=20, choices=PHASE_CHOICES)
    version = models.PositiveIntegerField()
    rules = models.JSONField()
    digest = models.CharField(max_length=64)
    reason = models.CharField(max_length=500)
    author = models.CharField(max_length=150)
    actor = models.ForeignKey(_USER, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "rollout_policies"
        ordering = ["phase", "version"]
        permissions = [("edit_policy", "Edit the thresholds of gates")]
        constraints = [
            models.UniqueConstraint(fields=["phase", "version"], name="rollout_policies_once"),
            models.CheckConstraint(name="rollout_policies_phase_known", condition=Q(phase__in=KEYS)),
            models.CheckConstraint(name="rollout_policies_explained", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.phase} policy v{self.version}"


class LeftHow(models.TextChoices):
    PROCEEDED = "proceeded"
    ROLLED_BACK = "rolled_back", "Rolled back"


class Phase(models.Model):
    """One stay in a phase. A phase that is rolled back to, or entered again, is a new stay.

    `cohort` is empty where V3 is off. `baseline` holds what the database and the intake did before it.
    """

    number = models.PositiveIntegerField(unique=True)
    key = models.CharField(max_length=20, choices=PHASE_CHOICES)
    environment = models.CharField(max_length=16)
    policy = models.ForeignKey(GatePolicy, on_delete=models.PROTECT, related_name="phases")
    cohort = models.ForeignKey(Cohort, on_delete=models.PROTECT, null=True, related_name="phases")
    flag_version = models.PositiveIntegerField(help_text="Of the flags as entering left them.")
    restaurants = models.PositiveIntegerField(help_text="How many it is about: floors ask for no more.")
    baseline = models.JSONField(default=dict)
    by_rollback = models.BooleanField(default=False)
    entered_at = models.DateTimeField()
    author = models.CharField(max_length=150)
    actor = models.ForeignKey(
        _USER, on_delete=models.PROTECT, null=True, related_name="+", help_text="Who proposed it."
    )
    left_at = models.DateTimeField(null=True)
    left_how = models.CharField(max_length=16, choices=LeftHow, null=True)

    class Meta:
        db_table = "rollout_phases"
        ordering = ["number"]
        permissions = [
            ("propose_phase", "Propose that the rollout goes on, start it"),
            ("roll_back", "Roll back a phase"),
            ("override_gate", "Override a gate that is not settled"),
            ("sign_as_product_owner", "Sign as product owner"),
            ("sign_as_qa_lead", "Sign as QA lead"),
            ("sign_as_engineering_lead", "Sign as engineering lead"),
            ("sign_as_on_call", "Sign as on-call engineer"),
            ("sign_as_manager", "Sign as engineering manager"),
        ]
        constraints = [
            models.UniqueConstraint(
                models.Value(1), name="rollout_phases_one_open", condition=Q(left_at__isnull=True)
            ),
            models.CheckConstraint(name="rollout_phases_key_known", condition=Q(key__in=KEYS)),
            models.CheckConstraint(
                name="rollout_phases_left_whole",
                condition=Q(left_at__isnull=True, left_how__isnull=True)
                | Q(left_at__isnull=False, left_how__isnull=False, left_at__gte=F("entered_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.get_key_display()}"


class Snapshot(models.Model):
    """What the gates saw at one moment, and their verdicts, which follow from it. Append-only.

    `look` counts the scheduled looks of the phase from 1; 0 is a look between them, where nothing passes.
    """

    phase = models.ForeignKey(Phase, on_delete=models.PROTECT, related_name="snapshots")
    look = models.PositiveIntegerField(default=0)
    taken_at = models.DateTimeField()
    window_start = models.DateTimeField()
    window_end = models.DateTimeField()
    flag_version = models.PositiveIntegerField()
    inputs = models.JSONField(help_text="Each gate's input by its key.")
    results = models.JSONField(help_text="Each gate's verdict and figures by its key.")
    digest = models.CharField(
        max_length=64, help_text="Of policy, cohort, flag version, window and inputs: what signatures bind."
    )

    class Meta:
        db_table = "rollout_snapshots"
        ordering = ["-taken_at"]
        indexes = [models.Index(fields=["phase", "-taken_at"], name="rollout_snapshots_newest")]
        constraints = [
            models.UniqueConstraint(
                fields=["phase", "look"], name="rollout_snapshots_look_once", condition=Q(look__gt=0)
            ),
            models.CheckConstraint(
                name="rollout_snapshots_window_forward", condition=Q(window_end__gte=F("window_start"))
            ),
        ]

    def __str__(self) -> str:
        return f"snapshot of phase {self.phase_id} at {self.taken_at:%Y-%m-%d %H:%M} UTC"


class ChecklistTick(models.Model):
    """An item of a phase's checklist ticked, or its tick taken back; the latest counts. Append-only."""

    phase = models.ForeignKey(Phase, on_delete=models.PROTECT, related_name="ticks")
    item = models.CharField(max_length=40)
    done = models.BooleanField()
    note = models.CharField(max_length=500, blank=True, default="")
    user = models.ForeignKey(_USER, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        db_table = "rollout_checklist_ticks"
        ordering = ["pk"]
        permissions = [("work_rollout", "Tick checklists, keep known issues, notes and incidents")]

    def __str__(self) -> str:
        return f"{self.item} of phase {self.phase_id}: {self.done}"


class Remark(models.Model):
    """What people write down about a phase: notes on the way and the retrospective. Append-only."""

    class Kind(models.TextChoices):
        NOTE = "note"
        RETROSPECTIVE = "retrospective"

    phase = models.ForeignKey(Phase, on_delete=models.PROTECT, related_name="remarks")
    kind = models.CharField(max_length=16, choices=Kind)
    text = models.TextField()
    author = models.ForeignKey(_USER, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        db_table = "rollout_remarks"
        ordering = ["created_at"]
        constraints = [
            models.CheckConstraint(
                name="rollout_remarks_kind_known", condition=Q(kind__in=["note", "retrospective"])
            ),
            models.CheckConstraint(name="rollout_remarks_say_something", condition=~Q(text="")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} on phase {self.phase_id}"

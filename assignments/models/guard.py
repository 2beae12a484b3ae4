"""What the guard saw last."""

from django.db import models
from django.db.models import Q

from assignments.models.rollout import Phase


class GuardStanding(models.Model):
    """The one row: when the guard looked, at what, and what it made of it."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    phase = models.ForeignKey(Phase, on_delete=models.PROTECT, related_name="+")
    looked_at = models.DateTimeField()
    given = models.JSONField(help_text="The guard's input.")
    evidence = models.JSONField(help_text="E-values by what is watched, as text.")
    blind_to = models.JSONField(help_text="Keys that nobody measured.")

    class Meta:
        db_table = "rollout_guard"
        constraints = [models.CheckConstraint(name="rollout_guard_one_row", condition=Q(id=1))]

    def __str__(self) -> str:
        return f"guard at {self.looked_at:%Y-%m-%d %H:%M:%S} UTC"

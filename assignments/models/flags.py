"""Flags: which path bookings take, who changed it and which worker runs it."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from assignments.engine.flags import DEFAULT_PARALLEL, Flag
from assignments.models.slot import MAX_SLOTS
from bookings.models import Restaurant

FLAGS = [flag.value for flag in Flag]

#: What a change can be about: the flags by restaurant, and the two that are one for all.
CHANGEABLE = [*FLAGS, "kill", "max_parallel"]


class Cohort(models.Model):
    """The restaurants V3 is on for in one phase, frozen. Append-only.

    The list has no foreign keys: it says who was in, also after a restaurant is gone. At 100 % it is
    a record only, since everyone is in, also who comes later.
    """

    label = models.CharField(max_length=60, unique=True)
    percentage = models.DecimalField(max_digits=5, decimal_places=2)
    salt = models.CharField(max_length=60)
    restaurants = ArrayField(models.BigIntegerField())
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "assignment_flag_cohorts"
        constraints = [
            models.CheckConstraint(
                name="flag_cohorts_percentage_range", condition=Q(percentage__gt=0, percentage__lte=100)
            ),
            models.CheckConstraint(
                name="flag_cohorts_one_is_in", condition=Q(percentage=100) | ~Q(restaurants__len=0)
            ),
            models.CheckConstraint(name="flag_cohorts_named", condition=~Q(label="") & ~Q(salt="")),
        ]

    def __str__(self) -> str:
        return f"{self.label}: {float(self.percentage):g} %"


class FlagState(models.Model):
    """The one row of values that hold for all, and the version that every write raises by one.

    Writers lock this row first; no row means version 0 with everything off.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    version = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField(db_default=Now(), help_text="By the database's clock.")
    cohort = models.ForeignKey(
        Cohort, on_delete=models.PROTECT, null=True, related_name="+", help_text="Empty: V3 is off."
    )
    shadow = models.BooleanField(default=False)
    killed = models.BooleanField(default=False)
    max_parallel = models.PositiveSmallIntegerField(default=DEFAULT_PARALLEL)

    class Meta:
        db_table = "assignment_flags"
        permissions = [
            ("change_flags", "Change flags, and propose changes that raise exposure"),
            ("kill_flags", "Stop V3 everywhere"),
            ("approve_flags", "Decide on changes of flags that somebody else proposed"),
        ]
        constraints = [
            models.CheckConstraint(name="flags_one_row", condition=Q(id=1)),
            models.CheckConstraint(
                name="flags_max_parallel_range",
                condition=Q(max_parallel__gte=1, max_parallel__lte=MAX_SLOTS),
            ),
        ]

    def __str__(self) -> str:
        return f"flags v{self.version}"


class FlagOverride(models.Model):
    """A restaurant's own setting of a flag: 0 % is off, 100 % on, else that share of its bookings."""

    flag = models.CharField(max_length=16, choices=[(name, name) for name in FLAGS])
    restaurant = models.ForeignKey(Restaurant, on_delete=models.PROTECT, related_name="flag_overrides")
    percentage = models.DecimalField(max_digits=5, decimal_places=2)
    reason = models.CharField(max_length=500)
    expires_at = models.DateTimeField(null=True, help_text="Empty: until it is cleared.")
    author = models.CharField(max_length=150)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "assignment_flag_overrides"
        constraints = [
            models.UniqueConstraint(fields=["flag", "restaurant"], name="flag_overrides_one_each"),
            models.CheckConstraint(name="flag_overrides_flag_known", condition=Q(flag__in=FLAGS)),
            models.CheckConstraint(
                name="flag_overrides_percentage_range", condition=Q(percentage__gte=0, percentage__lte=100)
            ),
            models.CheckConstraint(name="flag_overrides_explained", condition=~Q(reason="") & ~Q(author="")),
        ]

    def __str__(self) -> str:
        return f"{self.flag} of restaurant {self.restaurant_id}: {float(self.percentage):g} %"


class FlagChange(models.Model):
    """One change of one flag: who, when, from, to, why. Append-only; each version is one change."""

    version = models.PositiveIntegerField(unique=True)
    flag = models.CharField(max_length=16, choices=[(name, name) for name in CHANGEABLE])
    restaurant = models.ForeignKey(
        Restaurant, on_delete=models.PROTECT, null=True, related_name="flag_changes", help_text="Empty: all."
    )
    from_value = models.JSONField(null=True)
    to_value = models.JSONField(null=True)
    reason = models.CharField(max_length=500)
    author = models.CharField(max_length=150, help_text="User name, or what ran: a command, the guard.")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        db_table = "assignment_flag_changes"
        ordering = ["version"]
        constraints = [
            models.CheckConstraint(name="flag_changes_version_positive", condition=Q(version__gte=1)),
            models.CheckConstraint(name="flag_changes_flag_known", condition=Q(flag__in=CHANGEABLE)),
            models.CheckConstraint(
                name="flag_changes_restaurant_has_a_say",
                condition=Q(restaurant__isnull=True) | Q(flag__in=FLAGS),
            ),
            models.CheckConstraint(
                name="flag_changes_change",
                condition=Q(from_value__isnull=True, to_value__isnull=False)
                | Q(from_value__isnull=False, to_value__isnull=True)
                | Q(from_value__isnull=False, to_value__isnull=False) & ~Q(from_value=F("to_value")),
            ),
            models.CheckConstraint(name="flag_changes_explained", condition=~Q(reason="") & ~Q(author="")),
        ]

    def __str__(self) -> str:
        return f"v{self.version} {self.flag}"


class FlagAcknowledgement(models.Model):
    """A worker process: the version of the flags it runs since when, and when it was last heard of.

    Version 0 is a worker that has just started and has read nothing yet. Times are the database's.
    """

    worker = models.CharField(max_length=150, unique=True)
    version = models.PositiveIntegerField()
    pins = models.JSONField(default=dict, help_text="Flags pinned by this worker's environment.")
    started_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        db_table = "assignment_flag_acknowledgements"
        # Nothing about the order of the times: a database whose clock was set back would refuse every
        # heartbeat, and its workers would go to legacy.
        constraints = [models.CheckConstraint(name="flag_acknowledgements_named", condition=~Q(worker=""))]

    def __str__(self) -> str:
        return f"{self.worker} runs v{self.version}"

"""Comparisons: for each booking that legacy decided in shadow mode, what V3 would have done."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from assignments.engine.compare import Comparison
from bookings.models import Booking, Restaurant

NAMES = [item.value for item in Comparison]
CLASSES = [(name, name.replace("_", " ")) for name in NAMES]
OUTCOMES = [("confirmed", "confirmed"), ("manual_review", "manual review")]


class ShadowComparison(models.Model):
    """One booking's legacy answer beside V3's on the same frozen facts. Append-only, one per booking.

    Written by `assignments.shadow` only, and the only row it writes. Both scores are V3's. An answer
    that was not had (V3 failed, ran out of time or was not asked) has no outcome; `detail` says why.
    """

    # Without constraints in the database: their check would lock the booking's row, and a comparison
    # must never wait for a booking nor hold one up.
    booking = models.OneToOneField(
        Booking, on_delete=models.PROTECT, related_name="comparison", db_constraint=False
    )
    restaurant = models.ForeignKey(
        Restaurant, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    comparison = models.CharField(max_length=20, choices=CLASSES, db_column="class")
    noise = models.CharField(
        max_length=20,
        choices=CLASSES,
        null=True,
        db_column="noise_class",
        help_text="Legacy against legacy on the same facts; empty if there were none.",
    )
    detail = models.CharField(max_length=80, null=True, help_text="Why V3's answer is missing.")

    legacy_outcome = models.CharField(max_length=16, choices=OUTCOMES, null=True)
    legacy_reason = models.CharField(max_length=40, null=True)
    legacy_tables = ArrayField(models.BigIntegerField(), default=list)
    legacy_score = models.FloatField(null=True, help_text="V3's score of legacy's plan.")

    v3_outcome = models.CharField(max_length=16, choices=OUTCOMES, null=True)
    v3_reason = models.CharField(max_length=40, null=True)
    v3_tables = ArrayField(models.BigIntegerField(), default=list)
    v3_moves = models.JSONField(default=list, help_text="Bookings it would have moved: booking, from, to.")
    v3_score = models.FloatField(null=True)
    v3_strategy = models.CharField(max_length=40, null=True)
    v3_rung = models.CharField(max_length=16, null=True, help_text="Step of the ladder that decided.")

    duration_ms = models.FloatField(null=True, help_text="V3's time.")
    flag_version = models.PositiveIntegerField(null=True)
    facts_at = models.DateTimeField(null=True, help_text="When the facts were frozen.")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "shadow_comparisons"
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["restaurant", "created_at"], name="comparisons_restaurant"),
            models.Index(fields=["comparison", "created_at"], name="comparisons_class"),
        ]
        constraints = [
            models.CheckConstraint(name="comparisons_class_known", condition=Q(comparison__in=NAMES)),
            models.CheckConstraint(
                name="comparisons_noise_known",
                condition=Q(noise__isnull=True) | Q(noise__in=NAMES),
            ),
            models.CheckConstraint(
                name="comparisons_legacy_scored",
                condition=Q(
                    legacy_outcome__isnull=False, legacy_outcome="confirmed", legacy_score__isnull=False
                )
                | Q(legacy_outcome="manual_review", legacy_score__isnull=True)
                | Q(legacy_outcome__isnull=True, legacy_score__isnull=True),
            ),
            models.CheckConstraint(
                name="comparisons_v3_scored",
                condition=Q(v3_outcome__isnull=False, v3_outcome="confirmed", v3_score__isnull=False)
                | Q(v3_outcome="manual_review", v3_score__isnull=True)
                | Q(v3_outcome__isnull=True, v3_score__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.booking_id}: {self.comparison}"

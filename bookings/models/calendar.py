"""Calendar: when a restaurant serves, how long a party stays, how fast guests may arrive.

All times here are local to the restaurant. A service period that ends after midnight has
`closes` at or before `opens` and belongs to the day it opens on.
"""

from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import IntegerRangeField, RangeOperators
from django.db import models
from django.db.models import Case, F, Func, Q, Value, When
from django.db.models.functions import Cast, ExtractHour, ExtractMinute

from bookings.models.floor_plan import Restaurant


class Weekday(models.IntegerChoices):
    """Monday is 0, as in `datetime.date.weekday`."""

    MONDAY = 0
    TUESDAY = 1
    WEDNESDAY = 2
    THURSDAY = 3
    FRIDAY = 4
    SATURDAY = 5
    SUNDAY = 6


def int_range(start: Any, end: Any, bounds: str) -> Func:
    """SQL int4range(start, end, bounds)."""
    return Func(start, end, Value(bounds), function="int4range", output_field=IntegerRangeField())


def minute_of_day(field: str) -> Cast:
    """SQL for the minutes from midnight to a time."""
    return Cast(ExtractHour(field) * 60 + ExtractMinute(field), models.IntegerField())


#: Minutes from the opening day's midnight to closing; past 1,440 for a service into the night.
CLOSING_MINUTE = Case(
    When(closes__gt=F("opens"), then=minute_of_day("closes")), default=minute_of_day("closes") + 1440
)


class ServicePeriod(models.Model):
    """A weekly service, such as Friday dinner. Two services of a day never overlap."""

    restaurant = models.ForeignKey(Restaurant, on_delete=models.CASCADE, related_name="service_periods")
    name = models.CharField(max_length=40)
    weekday = models.PositiveSmallIntegerField(choices=Weekday)
    opens = models.TimeField()
    closes = models.TimeField(help_text="Guests have left by then; at or before opening: after midnight.")
    last_seating = models.TimeField(
        null=True,
        blank=True,
        help_text="Latest start of a booking; empty: any time that ends before closing.",
    )

    class Meta:
        db_table = "service_periods"
        ordering = ["restaurant_id", "weekday", "opens"]
        constraints = [
            models.UniqueConstraint(fields=["restaurant", "id"], name="service_periods_of_restaurant"),
            models.CheckConstraint(name="service_periods_weekday", condition=Q(weekday__lte=6)),
            models.CheckConstraint(name="service_periods_named", condition=~Q(name="")),
            ExclusionConstraint(
                name="service_periods_never_overlap",
                expressions=[
                    ("restaurant", RangeOperators.EQUAL),
                    ("weekday", RangeOperators.EQUAL),
                    (int_range(minute_of_day("opens"), CLOSING_MINUTE, "[)"), RangeOperators.OVERLAPS),
                ],
                violation_error_message="Another service of this day overlaps these hours.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.name}"


class Closure(models.Model):
    """Local days without service, both ends included."""

    restaurant = models.ForeignKey(Restaurant, on_delete=models.CASCADE, related_name="closures")
    starts_on = models.DateField()
    ends_on = models.DateField()
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "closures"
        ordering = ["-starts_on"]
        constraints = [
            models.CheckConstraint(
                name="closures_start_before_end", condition=Q(starts_on__lte=F("ends_on"))
            ),
        ]

    def __str__(self) -> str:
        return f"Closed {self.starts_on} to {self.ends_on}"


class TurnTime(models.Model):
    """How long a party of a size keeps its table, in minutes; bands of one service never overlap."""

    restaurant = models.ForeignKey(Restaurant, on_delete=models.CASCADE, related_name="turn_times")
    service_name = models.CharField(
        max_length=40, blank=True, help_text="Service this band is for, such as Dinner; empty: every service."
    )
    min_party = models.PositiveSmallIntegerField()
    max_party = models.PositiveSmallIntegerField()
    minutes = models.PositiveSmallIntegerField()

    class Meta:
        db_table = "turn_times"
        ordering = ["restaurant_id", "service_name", "min_party"]
        constraints = [
            models.CheckConstraint(name="turn_times_party_positive", condition=Q(min_party__gte=1)),
            models.CheckConstraint(name="turn_times_party_range", condition=Q(min_party__lte=F("max_party"))),
            models.CheckConstraint(
                name="turn_times_minutes_sane", condition=Q(minutes__gte=15) & Q(minutes__lte=720)
            ),
            ExclusionConstraint(
                name="turn_times_never_overlap",
                expressions=[
                    ("restaurant", RangeOperators.EQUAL),
                    ("service_name", RangeOperators.EQUAL),
                    (int_range(F("min_party"), F("max_party"), "[]"), RangeOperators.OVERLAPS),
                ],
                violation_error_message="Another turn time covers some of these party sizes.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.min_party} to {self.max_party}: {self.minutes} min"


class PacingLimit(models.Model):
    """Most covers that may arrive within one interval; a restaurant has one or none."""

    restaurant = models.OneToOneField(Restaurant, on_delete=models.CASCADE, related_name="pacing")
    interval_minutes = models.PositiveSmallIntegerField(default=15)
    max_covers = models.PositiveSmallIntegerField()

    class Meta:
        db_table = "pacing_limits"
        constraints = [
            models.CheckConstraint(
                name="pacing_interval_divides_hour", condition=Q(interval_minutes__in=[5, 10, 15, 20, 30, 60])
            ),
            models.CheckConstraint(name="pacing_covers_positive", condition=Q(max_covers__gte=1)),
        ]

    def __str__(self) -> str:
        return f"{self.max_covers} covers in {self.interval_minutes} min"

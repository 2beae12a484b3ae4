"""Floor plan: restaurants, zones, tables, how they stand together and when they are out of service.

Rows that name two things of one restaurant carry `restaurant` themselves; composite foreign keys
(in the migrations) keep a table of one restaurant out of another's zone, link or block.
"""

import zoneinfo

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q


class ZoneKind(models.TextChoices):
    INDOOR = "indoor"
    OUTDOOR = "outdoor"
    COVERED = "covered"
    BAR = "bar"
    PRIVATE = "private"


class TableAttribute(models.TextChoices):
    """What a table offers and a booking may ask for."""

    ACCESSIBLE = "accessible"
    HIGH_CHAIR = "high_chair", "High chair"
    WINDOW = "window"
    QUIET = "quiet"


def validate_timezone(name: str) -> None:
    """Raise ValidationError for a name the IANA time zone database does not have."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(f"{name!r} is not an IANA time zone; write it like Europe/London.")


class Restaurant(models.Model):
    """A restaurant and the rules its seating follows."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    timezone = models.CharField(max_length=64, validators=[validate_timezone])
    contact_email = models.EmailField(
        blank=True, default="", db_default="", help_text="Where guests' answers to our mails go."
    )
    active = models.BooleanField(default=True)
    buffer_minutes = models.PositiveSmallIntegerField(
        default=5, help_text="Minutes after a booking before its tables are free."
    )
    max_slack = models.PositiveSmallIntegerField(
        default=4, help_text="Most empty seats at an occupied table."
    )
    max_tables = models.PositiveSmallIntegerField(default=3, help_text="Most tables joined for one booking.")
    max_party_auto = models.PositiveSmallIntegerField(
        default=12, help_text="Larger parties are not seated automatically."
    )
    place_from_review = models.BooleanField(
        default=False,
        help_text="Place bookings in review by itself when seats become free; else only mark them.",
    )
    freeze_minutes = models.PositiveSmallIntegerField(
        default=120, help_text="Bookings are no longer moved when less than this remains before their start."
    )
    floor_plan_version = models.PositiveIntegerField(
        default=1, editable=False, help_text="Counted by the database at each edit of the floor plan."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "restaurants"
        ordering = ["name"]
        permissions = [
            ("every_restaurant", "Work for every restaurant"),
            ("import_floor_plan", "Can import floor plans from files"),
        ]
        constraints = [
            models.CheckConstraint(name="restaurants_buffer_sane", condition=Q(buffer_minutes__lte=240)),
            models.CheckConstraint(name="restaurants_joins_at_least_one", condition=Q(max_tables__gte=1)),
            models.CheckConstraint(name="restaurants_party_positive", condition=Q(max_party_auto__gte=1)),
            models.CheckConstraint(
                name="restaurants_named", condition=~Q(name="") & ~Q(slug="") & ~Q(timezone="")
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def tzinfo(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.timezone)


class Zone(models.Model):
    """A part of a restaurant; tables are joined within one zone only."""

    restaurant = models.ForeignKey(Restaurant, on_delete=models.CASCADE, related_name="zones")
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=16, choices=ZoneKind, default=ZoneKind.INDOOR)
    sort_order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        db_table = "zones"
        ordering = ["restaurant_id", "sort_order", "name"]
        constraints = [
            models.UniqueConstraint(fields=["restaurant", "name"], name="zones_name_unique"),
            # Target of the tables' and bookings' composite foreign keys.
            models.UniqueConstraint(fields=["restaurant", "id"], name="zones_of_restaurant"),
            models.CheckConstraint(name="zones_kind_known", condition=Q(kind__in=ZoneKind.values)),
            models.CheckConstraint(name="zones_named", condition=~Q(name="")),
        ]

    def __str__(self) -> str:
        return self.name


class Table(models.Model):
    """A table. Its party limits hold when it is used alone; joined tables follow their sum."""

    restaurant = models.ForeignKey(Restaurant, on_delete=models.CASCADE, related_name="tables")
    zone = models.ForeignKey(Zone, on_delete=models.PROTECT, related_name="tables", db_constraint=False)
    number = models.CharField(max_length=20)
    capacity = models.PositiveSmallIntegerField(validators=[MinValueValidator(1)], help_text="Seats.")
    min_party = models.PositiveSmallIntegerField(default=1)
    max_party = models.PositiveSmallIntegerField(help_text="Largest party seated here alone.")
    movable = models.BooleanField(default=True, help_text="Only movable tables can be joined.")
    attributes = ArrayField(models.CharField(max_length=20, choices=TableAttribute), default=list, blank=True)
    active = models.BooleanField(default=True)

    class Meta:
        db_table = "tables"
        ordering = ["restaurant_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["restaurant", "number"], name="tables_number_unique"),
            models.UniqueConstraint(fields=["restaurant", "id"], name="tables_of_restaurant"),
            models.CheckConstraint(name="tables_capacity_positive", condition=Q(capacity__gte=1)),
            models.CheckConstraint(name="tables_min_party_positive", condition=Q(min_party__gte=1)),
            models.CheckConstraint(name="tables_party_range", condition=Q(min_party__lte=F("max_party"))),
            models.CheckConstraint(name="tables_max_party_fits", condition=Q(max_party__lte=F("capacity"))),
            models.CheckConstraint(name="tables_numbered", condition=~Q(number="")),
            models.CheckConstraint(
                name="tables_attributes_known",
                condition=Q(attributes__contained_by=TableAttribute.values),
            ),
        ]

    def __str__(self) -> str:
        return self.number


class Adjacency(models.Model):
    """Two tables that can be pushed together. Undirected: the lower id stands first."""

    restaurant = models.ForeignKey(Restaurant, on_delete=models.CASCADE, related_name="adjacencies")
    table_low = models.ForeignKey(Table, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    table_high = models.ForeignKey(Table, on_delete=models.CASCADE, related_name="+", db_constraint=False)

    class Meta:
        db_table = "table_adjacencies"
        verbose_name_plural = "adjacencies"
        constraints = [
            models.UniqueConstraint(fields=["table_low", "table_high"], name="adjacencies_unique"),
            models.CheckConstraint(
                name="adjacencies_low_before_high", condition=Q(table_low__lt=F("table_high"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.table_low} next to {self.table_high}"


class Combination(models.Model):
    """A named set of joined tables with a capacity of its own."""

    restaurant = models.ForeignKey(Restaurant, on_delete=models.CASCADE, related_name="combinations")
    name = models.CharField(max_length=60)
    capacity = models.PositiveSmallIntegerField(validators=[MinValueValidator(1)])
    tables = models.ManyToManyField(Table, through="CombinationTable", related_name="combinations")

    class Meta:
        db_table = "table_combinations"
        constraints = [
            models.UniqueConstraint(fields=["restaurant", "name"], name="combinations_name_unique"),
            models.UniqueConstraint(fields=["restaurant", "id"], name="combinations_of_restaurant"),
            models.CheckConstraint(name="combinations_capacity_positive", condition=Q(capacity__gte=1)),
            models.CheckConstraint(name="combinations_named", condition=~Q(name="")),
        ]

    def __str__(self) -> str:
        return self.name


class CombinationTable(models.Model):
    """Membership of a table in a named combination."""

    restaurant = models.ForeignKey(Restaurant, on_delete=models.CASCADE, related_name="+")
    combination = models.ForeignKey(Combination, on_delete=models.CASCADE, db_constraint=False)
    table = models.ForeignKey(Table, on_delete=models.CASCADE, db_constraint=False)

    class Meta:
        db_table = "table_combination_tables"
        constraints = [
            models.UniqueConstraint(fields=["combination", "table"], name="combination_tables_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.table} in {self.combination}"


class TableBlock(models.Model):
    """A table out of service over a period [start_at, end_at)."""

    restaurant = models.ForeignKey(Restaurant, on_delete=models.CASCADE, related_name="blocks")
    table = models.ForeignKey(Table, on_delete=models.CASCADE, related_name="blocks", db_constraint=False)
    start_at = models.DateTimeField()
    end_at = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "table_blocks"
        ordering = ["-start_at"]
        constraints = [
            models.CheckConstraint(name="blocks_start_before_end", condition=Q(start_at__lt=F("end_at"))),
        ]

    def __str__(self) -> str:
        return f"{self.table} blocked from {self.start_at:%Y-%m-%d %H:%M}"

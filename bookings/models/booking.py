"""Bookings, the tables they hold, and the history of their assignment state."""

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from bookings.models.floor_plan import Restaurant, Table, TableAttribute, Zone
from bookings.states import FINAL, State

STATE_CHOICES = [(state.value, state.value.replace("_", " ").capitalize()) for state in State]

#: Ways a booking can take: V3 decides, legacy decides and V3 is compared, legacy alone.
ASSIGNMENT_PATHS = ("active", "shadow", "disabled")


class BookingStatus(models.TextChoices):
    """What the guest and the floor see."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    CHECKED_IN = "checked_in", "Checked in"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show", "No show"


class Booking(models.Model):
    """A party that wants a table over [start_at, end_at).

    Guest name, e-mail, phone and notes stand here and nowhere else. The `assignment_*` columns are
    written by `bookings.state_machine` and the coordinator only. `assignment_state` is null for
    imported history, which is never assigned.
    """

    # Each index more is written to three times on a booking's way, so none is there twice over.
    restaurant = models.ForeignKey(
        Restaurant, on_delete=models.PROTECT, related_name="bookings", db_index=False
    )
    reference = models.CharField(max_length=16, help_text="Public reference, such as B-7KQ4M2.")
    party_size = models.PositiveSmallIntegerField(validators=[MinValueValidator(1)])
    start_at = models.DateTimeField()
    end_at = models.DateTimeField()
    status = models.CharField(max_length=16, choices=BookingStatus, default=BookingStatus.PENDING)
    channel = models.CharField(max_length=40, help_text="Where the booking came from.")
    idempotency_key = models.CharField(
        max_length=200,
        blank=True,
        null=True,
        help_text="The channel's own key; a repeat is answered, not booked.",
    )
    request_digest = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_default="",
        help_text="SHA-256 of the request, so that the same key with another request is told apart.",
    )
    import_key = models.UUIDField(
        null=True,
        editable=False,
        help_text="Digest of what tells an imported row apart; the same row is imported once.",
    )

    guest_name = models.CharField(max_length=200, blank=True)
    guest_email = models.EmailField(blank=True)
    guest_phone = models.CharField(max_length=40, blank=True)
    notes = models.TextField(blank=True)
    guest_forgotten_at = models.DateTimeField(
        null=True, editable=False, help_text="When its guest was taken out because of its age."
    )

    zone = models.ForeignKey(
        Zone,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    requires = ArrayField(models.CharField(max_length=20, choices=TableAttribute), default=list, blank=True)
    locked = models.BooleanField(default=False, help_text="Staff pinned its tables; it is never moved.")

    assignment_state = models.CharField(max_length=32, choices=STATE_CHOICES, null=True, blank=True)
    assignment_state_version = models.PositiveIntegerField(default=0)
    assignment_strategy = models.CharField(max_length=40, blank=True)
    assignment_attempts = models.PositiveSmallIntegerField(
        default=0, help_text="Runs claimed so far; the number of the latest attempt."
    )
    assignment_cycle_start = models.PositiveSmallIntegerField(
        default=0, help_text="Attempts before the present cycle; a cycle ends when the booking gets final."
    )
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    assignment_path = models.CharField(
        max_length=16,
        choices=[(path, path) for path in ASSIGNMENT_PATHS],
        null=True,
        blank=True,
        help_text="Path pinned from the first claim to a final state.",
    )
    assignment_flag_version = models.PositiveIntegerField(
        null=True, blank=True, help_text="Version of the flags that chose the path."
    )
    auto_assign_last_result = models.JSONField(null=True, blank=True)

    revision = models.PositiveIntegerField(
        default=1,
        db_default=1,
        help_text="Up by one with each change the guest is told; mails are once each.",
    )

    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "bookings"
        ordering = ["-created_at"]
        permissions = [("export_booking", "Can export bookings as CSV")]
        indexes = [
            # Candidates that overlap an evening, and the console's lists by restaurant and day.
            models.Index(fields=["restaurant", "start_at"], name="bookings_restaurant_start"),
            models.Index(fields=["created_at"], name="bookings_created"),
            # The sweeper looks at what is not final; that stays small however large the table gets.
            models.Index(
                fields=["next_attempt_at"],
                name="bookings_unfinished",
                condition=Q(assignment_state__isnull=False) & ~Q(assignment_state__in=sorted(FINAL)),
            ),
            # What people have to decide, likewise.
            models.Index(
                fields=["restaurant"],
                name="bookings_in_review",
                condition=Q(assignment_state=State.MANUAL_REVIEW),
            ),
            # Whose guest is known still, the oldest evening first.
            models.Index(
                fields=["end_at"], name="bookings_guest_kept", condition=Q(guest_forgotten_at__isnull=True)
            ),
            models.Index(fields=["zone"], name="bookings_zone_wished", condition=Q(zone__isnull=False)),
        ]
        constraints = [
            # Of patterns, so that it finds the beginning of a reference as well.
            models.UniqueConstraint(
                fields=["reference"], name="bookings_reference_unique", opclasses=["varchar_pattern_ops"]
            ),
            models.UniqueConstraint(
                fields=["import_key"],
                name="bookings_import_key_unique",
                condition=Q(import_key__isnull=False),
            ),
            models.UniqueConstraint(fields=["restaurant", "id"], name="bookings_of_restaurant"),
            models.UniqueConstraint(
                fields=["channel", "idempotency_key"], name="bookings_idempotency_key_unique"
            ),
            models.CheckConstraint(name="bookings_party_positive", condition=Q(party_size__gte=1)),
            models.CheckConstraint(name="bookings_start_before_end", condition=Q(start_at__lt=F("end_at"))),
            models.CheckConstraint(
                name="bookings_status_known", condition=Q(status__in=BookingStatus.values)
            ),
            models.CheckConstraint(
                name="bookings_state_known",
                condition=Q(assignment_state__isnull=True) | Q(assignment_state__in=list(State)),
            ),
            models.CheckConstraint(
                name="bookings_version_with_state",
                condition=Q(assignment_state__isnull=True, assignment_state_version=0)
                | Q(assignment_state__isnull=False, assignment_state_version__gte=1),
            ),
            models.CheckConstraint(
                name="bookings_cancelled_state_means_status",
                condition=~Q(assignment_state=State.CANCELLED) | Q(status=BookingStatus.CANCELLED),
            ),
            models.CheckConstraint(
                name="bookings_cycle_within_attempts",
                condition=Q(assignment_cycle_start__lte=F("assignment_attempts")),
            ),
            models.CheckConstraint(
                name="bookings_requires_known", condition=Q(requires__contained_by=TableAttribute.values)
            ),
            models.CheckConstraint(
                name="bookings_path_known",
                condition=Q(assignment_path__isnull=True) | Q(assignment_path__in=ASSIGNMENT_PATHS),
            ),
            models.CheckConstraint(name="bookings_referenced", condition=~Q(reference="") & ~Q(channel="")),
            models.CheckConstraint(name="bookings_revision_positive", condition=Q(revision__gte=1)),
        ]

    def __str__(self) -> str:
        return self.reference


class Allocation(models.Model):
    """A table held for a booking over `period`, buffer included. The one truth about who sits where."""

    restaurant = models.ForeignKey(
        Restaurant, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    booking = models.ForeignKey(
        Booking, on_delete=models.PROTECT, related_name="allocations", db_constraint=False
    )
    table = models.ForeignKey(
        Table, on_delete=models.PROTECT, related_name="allocations", db_constraint=False
    )
    period = DateTimeRangeField(help_text="From start to end plus buffer, half-open.")
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "booking_table_allocations"
        constraints = [
            # Invariant I1: whatever fails above, the database keeps two bookings off one table.
            ExclusionConstraint(
                name="allocations_never_overlap",
                expressions=[("table", RangeOperators.EQUAL), ("period", RangeOperators.OVERLAPS)],
                condition=Q(active=True),
            ),
            models.CheckConstraint(
                name="allocations_period_bounded",
                condition=Q(period__isempty=False) & Q(period__lower_inf=False) & Q(period__upper_inf=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.table_id} for {self.booking_id}"


class StateChange(models.Model):
    """One row of a booking's state history. Append-only; versions run from 1 without a gap."""

    booking = models.ForeignKey(
        Booking, on_delete=models.PROTECT, related_name="state_history", db_index=False
    )
    from_state = models.CharField(max_length=32, choices=STATE_CHOICES, null=True)
    to_state = models.CharField(max_length=32, choices=STATE_CHOICES)
    version = models.PositiveIntegerField()
    reason = models.CharField(
        max_length=40, null=True, help_text="Reason code; empty unless something failed."
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        help_text="Empty: automation.",
    )
    metadata = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "booking_assignment_state_history"
        ordering = ["booking_id", "version"]
        # The audit: the few rows that people made, by time and by who.
        indexes = [
            models.Index(
                fields=["created_at"], name="state_history_people", condition=Q(actor__isnull=False)
            ),
            models.Index(fields=["actor"], name="state_history_actor", condition=Q(actor__isnull=False)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["booking", "version"], name="state_history_version_unique"),
            models.CheckConstraint(
                name="state_history_first_is_created",
                condition=Q(version=1, from_state__isnull=True, to_state=State.CREATED)
                | Q(version__gt=1, from_state__isnull=False),
            ),
            models.CheckConstraint(
                name="state_history_moves",
                condition=Q(from_state__isnull=True) | ~Q(from_state=F("to_state")),
            ),
            models.CheckConstraint(
                name="state_history_states_known",
                condition=Q(to_state__in=list(State))
                & (Q(from_state__isnull=True) | Q(from_state__in=list(State))),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.booking_id} v{self.version}: {self.to_state}"


class BookingMove(models.Model):
    """A seated booking that was given other tables. Append-only; its state and version stay.

    `for_booking` is the one that needed the room, empty where the booking itself was changed, a table was
    withdrawn, or staff moved it.
    """

    booking = models.ForeignKey(Booking, on_delete=models.PROTECT, related_name="moves")
    for_booking = models.ForeignKey(Booking, on_delete=models.PROTECT, null=True, related_name="+")
    from_tables = ArrayField(models.BigIntegerField())
    to_tables = ArrayField(models.BigIntegerField())
    cause = models.CharField(max_length=40)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "booking_moves"
        ordering = ["booking_id", "created_at"]
        indexes = [models.Index(fields=["created_at"], name="moves_people", condition=Q(actor__isnull=False))]
        constraints = [
            models.CheckConstraint(
                name="moves_between_tables",
                condition=~Q(from_tables__len=0) & ~Q(to_tables__len=0) & ~Q(from_tables=F("to_tables")),
            ),
            models.CheckConstraint(name="moves_have_a_cause", condition=~Q(cause="")),
        ]

    def __str__(self) -> str:
        return f"{self.booking_id} moved: {self.cause}"

"""Review: cases of bookings that wait for people, who works on them, and what they did.

A case is opened and closed by the database (migration 0041), in the transaction that takes its booking into
review or out of it: no way into the queue can forget it.
"""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from bookings.models import Booking
from bookings.models.booking import STATE_CHOICES


class ReviewCase(models.Model):
    """A booking's stay in review. Claimed by `owner` until `claimed_until`, by the database's clock.

    `fixes` are the ranked fixes as found at `fixes_at`, for the queue to show; who applies one has it
    found again.
    """

    booking = models.ForeignKey(Booking, on_delete=models.PROTECT, related_name="review_cases")
    opened_version = models.PositiveIntegerField(help_text="State version with which the booking came in.")
    opened_at = models.DateTimeField()
    reason = models.CharField(
        max_length=40, null=True, help_text="Reason code of the transition into review."
    )
    closed_at = models.DateTimeField(null=True)
    closed_to = models.CharField(max_length=32, choices=STATE_CHOICES, null=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+",
        help_text="Empty: automation, or not closed.",
    )  # fmt: skip
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="claimed_cases"
    )
    claimed_until = models.DateTimeField(null=True)
    snoozed_until = models.DateTimeField(null=True)
    snooze_reason = models.CharField(max_length=200, blank=True, default="", db_default="")
    fixes = models.JSONField(null=True)
    fixes_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "review_cases"
        ordering = ["opened_at"]
        permissions = [
            ("work_review", "Work cases: claim, resolve, requeue, reject, snooze, note"),
            ("takeover_review", "Take over a case somebody else has claimed"),
            ("override_review", "Seat a party against the house's seating rules"),
            ("bulk_review", "Act on many cases at once"),
            ("share_review_view", "Share a view of the queue with everybody"),
        ]
        indexes = [
            models.Index(fields=["opened_at"], name="review_cases_open", condition=Q(closed_at__isnull=True)),
            models.Index(fields=["closed_at"], name="review_cases_closed"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["booking"], name="review_cases_one_open", condition=Q(closed_at__isnull=True)
            ),
            models.UniqueConstraint(fields=["booking", "opened_version"], name="review_cases_once"),
            models.CheckConstraint(
                name="review_cases_claim_has_lease",
                condition=Q(owner__isnull=True, claimed_until__isnull=True)
                | Q(owner__isnull=False, claimed_until__isnull=False),
            ),
            models.CheckConstraint(
                name="review_cases_closed_whole",
                condition=Q(closed_at__isnull=True, closed_to__isnull=True, closed_by__isnull=True)
                | Q(closed_at__isnull=False, closed_to__isnull=False, owner__isnull=True),
            ),
            models.CheckConstraint(
                name="review_cases_snoozed_for_a_reason",
                condition=Q(snoozed_until__isnull=True) | ~Q(snooze_reason=""),
            ),
        ]

    def __str__(self) -> str:
        return f"case of {self.booking_id} since {self.opened_at:%Y-%m-%d %H:%M} UTC"


class CasePresence(models.Model):
    """Somebody looks at a case; rows not seen for a while are of the past."""

    case = models.ForeignKey(ReviewCase, on_delete=models.CASCADE, related_name="presence")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    since = models.DateTimeField(db_default=Now())
    seen_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "review_presence"
        constraints = [models.UniqueConstraint(fields=["case", "user"], name="review_presence_once")]

    def __str__(self) -> str:
        return f"{self.user_id} at case {self.case_id}"


class CaseNote(models.Model):
    """What people write about a case. May name the guest: it is personal data, as the booking's notes are."""

    case = models.ForeignKey(ReviewCase, on_delete=models.PROTECT, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "review_notes"
        ordering = ["created_at"]
        constraints = [models.CheckConstraint(name="review_notes_say_something", condition=~Q(text=""))]

    def __str__(self) -> str:
        return f"note on case {self.case_id}"


class ResolutionKind(models.TextChoices):
    SEATED = "seated"
    REQUEUED = "requeued"
    REJECTED = "rejected"


class Resolution(models.Model):
    """What somebody did to end a case, with what taking it back needs.

    `version` is the booking's state version afterwards; `before` the columns the fix changed, as they were;
    `moves` the exchanges that made room: booking, from and to. `created_at` is the database's, because the
    undo window is.
    """

    case = models.OneToOneField(ReviewCase, on_delete=models.PROTECT, related_name="resolution")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=16, choices=ResolutionKind)
    fix = models.CharField(
        max_length=16, null=True, help_text="Kind of the fix, for a party that was seated."
    )
    rank = models.PositiveSmallIntegerField(null=True, help_text="Its place among the fixes offered, from 1.")
    sentence = models.CharField(max_length=300)
    override_reason = models.CharField(max_length=200, blank=True, default="", db_default="")
    version = models.PositiveIntegerField()
    before = models.JSONField(default=dict)
    moves = models.JSONField(default=list)
    created_at = models.DateTimeField(db_default=Now())
    undone_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "review_resolutions"
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                name="review_resolutions_kind_known", condition=Q(kind__in=ResolutionKind.values)
            ),
            models.CheckConstraint(
                name="review_resolutions_undone_after",
                condition=Q(undone_at__isnull=True) | Q(undone_at__gte=F("created_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.sentence}"


class QueueView(models.Model):
    """A saved view of the queue: its filters as the query string. Without an owner it is everybody's."""

    name = models.CharField(max_length=40)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="queue_views"
    )
    query = models.CharField(max_length=500)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "review_queue_views"
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "name"], name="review_views_name_unique", nulls_distinct=False
            ),
            models.CheckConstraint(name="review_views_named", condition=~Q(name="") & ~Q(query="")),
        ]

    def __str__(self) -> str:
        return self.name

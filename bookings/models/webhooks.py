"""Webhooks: where a channel is told that its bookings changed state, and each telling."""

from datetime import timedelta

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from bookings.models.booking import Booking, BookingStatus
from bookings.states import State


class WebhookEvent(models.TextChoices):
    """What an endpoint can be told: states in which a booking rests, and steps of its service time."""

    CONFIRMED = f"booking.{State.CONFIRMED}", "Confirmed"
    MANUAL_REVIEW = f"booking.{State.MANUAL_REVIEW}", "Gone to manual review"
    CANCELLED = f"booking.{State.CANCELLED}", "Cancelled"
    ASSIGNMENT_PENDING = f"booking.{State.ASSIGNMENT_PENDING}", "Waiting to be planned again"
    CHECKED_IN = f"booking.{BookingStatus.CHECKED_IN}", "Checked in"
    COMPLETED = f"booking.{BookingStatus.COMPLETED}", "Completed"
    NO_SHOW = f"booking.{BookingStatus.NO_SHOW}", "No-show"


#: A delivery of this event was asked for by a person and tells of no booking.
TEST_EVENT = "webhook.test"


class WebhookEndpoint(models.Model):
    """An address of a channel. The secret is derived from the salt (`webhooks.signing`), never stored."""

    channel = models.CharField(max_length=40, help_text="Bookings of this channel are told of.")
    url = models.URLField(max_length=500, help_text="An https address of the channel's own.")
    events = ArrayField(models.CharField(max_length=40, choices=WebhookEvent))
    active = models.BooleanField(default=True)
    salt = models.CharField(max_length=64, editable=False)
    disabled_reason = models.CharField(max_length=200, blank=True, editable=False)
    failures = models.PositiveIntegerField(
        default=0, editable=False, help_text="Times in a row that it could not be reached."
    )
    failing_since = models.DateTimeField(null=True, editable=False)
    retry_at = models.DateTimeField(null=True, editable=False, help_text="Left alone until then.")
    busy_until = models.DateTimeField(null=True, editable=False, help_text="Lease of the worker at it.")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "webhook_endpoints"
        ordering = ["channel", "id"]
        constraints = [
            models.UniqueConstraint(fields=["channel", "url"], name="webhook_endpoints_once"),
            models.CheckConstraint(
                name="webhook_endpoints_named", condition=~Q(channel="") & ~Q(url="") & ~Q(salt="")
            ),
            models.CheckConstraint(
                name="webhook_endpoints_events_known",
                condition=~Q(events__len=0) & Q(events__contained_by=WebhookEvent.values),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel}: {self.url}"


class DeliveryStatus(models.TextChoices):
    """PENDING waits, INFLIGHT is being posted, SENT was answered with 2xx, DEAD was given up."""

    PENDING = "pending"
    INFLIGHT = "inflight"
    SENT = "sent"
    DEAD = "dead"


class WebhookDelivery(models.Model):
    """One thing one endpoint is told; written in the transaction of the transition it tells of.

    It keeps what was true then, so that every try says the same. `uid` is the header webhook-id.
    """

    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.PROTECT, related_name="deliveries")
    booking = models.ForeignKey(Booking, on_delete=models.PROTECT, null=True, related_name="webhooks")
    event = models.CharField(max_length=40, choices=[*WebhookEvent.choices, (TEST_EVENT, "Test")])
    version = models.PositiveIntegerField(help_text="State version of the booking; 0 for a test.")
    booking_status = models.CharField(max_length=16, blank=True)
    start_at = models.DateTimeField(null=True)
    end_at = models.DateTimeField(null=True)
    happened_at = models.DateTimeField()
    uid = models.UUIDField(unique=True, db_default=RandomUUID())
    status = models.CharField(max_length=16, choices=DeliveryStatus, db_default=DeliveryStatus.PENDING)
    due_at = models.DateTimeField(db_default=Now(), help_text="Not posted before.")
    expires_at = models.DateTimeField(db_default=Now() + timedelta(days=1), help_text="Given up then.")
    claimed_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(db_default=0)
    answer = models.PositiveSmallIntegerField(null=True, help_text="HTTP status of the last answer.")
    last_error = models.CharField(max_length=200, blank=True, db_default="")
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "webhook_deliveries"
        ordering = ["-id"]
        verbose_name_plural = "webhook deliveries"
        permissions = [("resend_webhook", "Can send webhooks again and test endpoints")]
        indexes = [
            # What is not sent stays little: due ones are looked for every few seconds, dead ones shown.
            models.Index(
                fields=["endpoint", "due_at"], name="webhook_deliveries_unsent",
                condition=Q(status__in=["pending", "inflight"]),
            ),
            models.Index(fields=["-id"], name="webhook_deliveries_dead", condition=Q(status="dead")),
        ]  # fmt: skip
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint", "booking", "version", "event"], name="webhook_deliveries_once"
            ),
            models.CheckConstraint(
                name="webhook_deliveries_event_known",
                condition=Q(event__in=[*WebhookEvent.values, TEST_EVENT]),
            ),
            models.CheckConstraint(
                name="webhook_deliveries_status_known", condition=Q(status__in=DeliveryStatus.values)
            ),
            models.CheckConstraint(
                name="webhook_deliveries_about_a_booking",
                condition=Q(event=TEST_EVENT, booking__isnull=True)
                | Q(booking__isnull=False, start_at__isnull=False, end_at__isnull=False),
            ),
            models.CheckConstraint(
                name="webhook_deliveries_sent_has_time",
                condition=~Q(status=DeliveryStatus.SENT) | Q(sent_at__isnull=False),
            ),
            models.CheckConstraint(
                name="webhook_deliveries_inflight_has_time",
                condition=~Q(status=DeliveryStatus.INFLIGHT) | Q(claimed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.uid}"

"""Wishes: changes of a confirmed booking that found no table and wait for people."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from bookings.models.booking import Booking
from bookings.models.floor_plan import TableAttribute, Zone


class WishStatus(models.TextChoices):
    """OPEN waits for people; WITHDRAWN was overtaken by another change or a cancellation."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class ChangeWish(models.Model):
    """The size, time and needs a booking would have; until people decide, the booking stays as it is.

    Nothing of the guest stands here: guest data needs no table and is saved at once.
    """

    booking = models.ForeignKey(Booking, on_delete=models.PROTECT, related_name="change_wishes")
    party_size = models.PositiveSmallIntegerField(validators=[MinValueValidator(1)])
    start_at = models.DateTimeField()
    end_at = models.DateTimeField()
    zone = models.ForeignKey(Zone, on_delete=models.PROTECT, null=True, related_name="+")
    requires = ArrayField(models.CharField(max_length=20, choices=TableAttribute), default=list, blank=True)
    reason = models.CharField(max_length=40, help_text="Why there was no table: a reason code.")
    status = models.CharField(max_length=16, choices=WishStatus, default=WishStatus.OPEN)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="Who decided; empty: not yet, or overtaken.",
    )
    created_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "booking_change_wishes"
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["booking"], name="change_wishes_one_open", condition=Q(status=WishStatus.OPEN)
            ),
            models.CheckConstraint(
                name="change_wishes_status_known", condition=Q(status__in=WishStatus.values)
            ),
            models.CheckConstraint(name="change_wishes_party_positive", condition=Q(party_size__gte=1)),
            models.CheckConstraint(
                name="change_wishes_start_before_end", condition=Q(start_at__lt=F("end_at"))
            ),
            models.CheckConstraint(
                name="change_wishes_requires_known", condition=Q(requires__contained_by=TableAttribute.values)
            ),
            models.CheckConstraint(
                name="change_wishes_closed_has_time",
                condition=Q(status=WishStatus.OPEN, closed_at__isnull=True)
                | (~Q(status=WishStatus.OPEN) & Q(closed_at__isnull=False)),
            ),
            models.CheckConstraint(name="change_wishes_have_a_reason", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.booking_id} would be {self.party_size} at {self.start_at:%Y-%m-%d %H:%M} UTC"

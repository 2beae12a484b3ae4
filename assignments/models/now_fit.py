"""Marks on bookings in review that would fit by now."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from bookings.models import Booking


class NowFit(models.Model):
    """Seats became free and this booking in review fits: where, as found then.

    A mark, not a promise: the tables are not held, and are checked again when people take it.
    """

    booking = models.OneToOneField(Booking, on_delete=models.CASCADE, related_name="now_fit")
    tables = ArrayField(models.BigIntegerField())
    strategy = models.CharField(max_length=40)
    found_at = models.DateTimeField()

    class Meta:
        db_table = "review_now_fits"
        constraints = [
            models.CheckConstraint(name="now_fits_somewhere", condition=~Q(tables__len=0)),
        ]

    def __str__(self) -> str:
        return f"{self.booking_id} now fits"

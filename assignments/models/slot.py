"""Slots: the permits that bound how many runs a restaurant has at once, each with a lease."""

from django.db import models
from django.db.models import Q

from bookings.models import Booking, Restaurant

#: Slots a restaurant has rows for; the concurrency limit decides how many of them may be taken.
MAX_SLOTS = 10


class Slot(models.Model):
    """A permit to run, and the lease of the run that holds it.

    A run is alive while `lease_until` lies ahead by the database's clock. `token` fences it: a
    worker that lost its lease no longer finds its token here and may not commit.
    """

    restaurant = models.ForeignKey(Restaurant, on_delete=models.CASCADE, related_name="slots")
    number = models.PositiveSmallIntegerField()
    booking = models.OneToOneField(Booking, on_delete=models.PROTECT, null=True, related_name="slot")
    token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "assignment_slots"
        permissions = [("requeue_stuck", "Act on stuck bookings: requeue, send to review")]
        constraints = [
            models.UniqueConstraint(fields=["restaurant", "number"], name="slots_number_unique"),
            models.CheckConstraint(
                name="slots_number_range", condition=Q(number__gte=1, number__lte=MAX_SLOTS)
            ),
            models.CheckConstraint(
                name="slots_taken_or_free",
                condition=Q(booking__isnull=True, token__isnull=True, lease_until__isnull=True)
                | Q(booking__isnull=False, token__isnull=False, lease_until__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.restaurant_id} slot {self.number}"

"""Which restaurants a member of staff works for."""

from django.conf import settings
from django.db import models

from bookings.models.floor_plan import Restaurant


class StaffRestaurant(models.Model):
    """One restaurant of one person. Who holds `bookings.every_restaurant` needs none."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="staff_restaurants"
    )
    restaurant = models.ForeignKey(Restaurant, on_delete=models.CASCADE, related_name="staff")

    class Meta:
        db_table = "staff_restaurants"
        verbose_name = "restaurant of a person"
        verbose_name_plural = "restaurants of people"
        constraints = [
            models.UniqueConstraint(fields=["user", "restaurant"], name="staff_restaurant_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user} at {self.restaurant}"

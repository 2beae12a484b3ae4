"""People in the console: Django's page of a user, with the restaurants the person works for."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.http import HttpRequest

from bookings.models import StaffRestaurant
from observability.admin import RecordAdmin, RecordInline


class StaffRestaurantInline(RecordInline[StaffRestaurant, User]):
    model = StaffRestaurant
    autocomplete_fields = ["restaurant"]
    verbose_name_plural = "restaurants (people with the right to every restaurant need none)"


class PersonAdmin(UserAdmin):  # type: ignore[type-arg]
    """Inlines stand on the page of a person who exists; adding asks for name and password first."""

    def get_inlines(self, request: HttpRequest, obj: User | None) -> list[Any]:  # noqa: ARG002 - Django's
        return [StaffRestaurantInline] if obj else []


class StaffRestaurantAdmin(RecordAdmin[StaffRestaurant]):
    restaurant_path = "restaurant"
    list_display = ["user", "restaurant"]
    list_filter = ["restaurant"]
    list_select_related = ["user", "restaurant"]
    search_fields = ["user__username", "restaurant__name"]
    ordering = ["user__username", "restaurant__name"]
    autocomplete_fields = ["user", "restaurant"]


def register_people() -> None:
    """Take the place of Django's page of a user."""
    admin.site.unregister(User)
    admin.site.register(User, PersonAdmin)
    admin.site.register(StaffRestaurant, StaffRestaurantAdmin)

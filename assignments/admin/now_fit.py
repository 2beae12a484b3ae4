"""Reviews that would fit by now, in the console. Workers mark them; people resolve them in the review."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from assignments.models import NowFit
from bookings.admin.history import OfBookingAdmin
from bookings.display import show


@admin.register(NowFit)
class NowFitAdmin(OfBookingAdmin[NowFit]):
    list_display = ["booking", "restaurant", "start", "where", "strategy", "found"]
    list_filter = ["strategy"]
    ordering = ["-id"]
    fields = ["booking", "start", "where", "strategy", "found"]
    readonly_fields = ["start", "where", "found"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[NowFit]:
        return super().get_queryset(request).annotate(numbers=show.TableNumbers("tables"))

    @admin.display(description="Restaurant")
    def restaurant(self, mark: NowFit) -> str:
        return mark.booking.restaurant.name

    @admin.display(description="Start", ordering="booking__start_at")
    def start(self, mark: NowFit) -> SafeString | str:
        return show.local_moment(mark.booking.start_at, mark.booking.restaurant.tzinfo)

    @admin.display(description="Where")
    def where(self, mark: Any) -> str:
        return show.joined(mark.numbers)

    @admin.display(description="Found")
    def found(self, mark: NowFit) -> SafeString | str:
        return show.local_moment(mark.found_at, mark.booking.restaurant.tzinfo, seconds=True)

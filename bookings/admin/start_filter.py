"""Bookings in the console by when they start, counted from now."""

# ruff: noqa: ARG002 - Django names the arguments, not every method needs all

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from bookings.models import Booking


class StartsFilter(admin.SimpleListFilter):
    """Windows from now, in elapsed time, so that they mean the same in every restaurant's zone."""

    title = "start"
    parameter_name = "starts"
    windows = {"2h": timedelta(hours=2), "1d": timedelta(days=1), "7d": timedelta(days=7)}

    def lookups(self, request: HttpRequest, model_admin: Any) -> Sequence[tuple[str, str]]:
        return [
            ("2h", "Next 2 hours"),
            ("1d", "Next 24 hours"),
            ("7d", "Next 7 days"),
            ("running", "Running now"),
            ("past", "Over"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Booking]) -> QuerySet[Booking]:
        now, chosen = timezone.now(), self.value()
        if chosen in self.windows:
            return queryset.filter(start_at__gte=now, start_at__lt=now + self.windows[chosen])
        if chosen == "running":
            return queryset.filter(start_at__lte=now, end_at__gt=now)
        return queryset.filter(end_at__lte=now) if chosen == "past" else queryset

"""Addresses of a booking's timeline, each behind the site's own check."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponseBase
from django.urls import URLPattern, path

from config.console.timeline.export import export
from config.console.timeline.page import timeline

View = Callable[..., HttpResponseBase]


def timeline_urls(guard: Callable[[View], Any]) -> list[URLPattern]:
    """`guard` is the site's `admin_view`."""
    at = "bookings/timeline/<str:reference>/"
    return [
        path(at, guard(timeline), name="booking_timeline"),
        path(f"{at}export/", guard(export), name="booking_timeline_export"),
    ]

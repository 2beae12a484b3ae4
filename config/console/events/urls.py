"""Addresses of the list of events, each behind the site's own check."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponseBase
from django.urls import URLPattern, path

from config.console.events.export import export_events
from config.console.events.page import events

View = Callable[..., HttpResponseBase]


def event_urls(guard: Callable[[View], Any]) -> list[URLPattern]:
    """`guard` is the site's `admin_view`."""
    return [
        path("events/", guard(events), name="events"),
        path("events/export/", guard(export_events), name="export_events"),
    ]

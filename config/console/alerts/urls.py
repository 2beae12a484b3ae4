"""Addresses of the alerts page, each behind the site's own check."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponseBase
from django.urls import URLPattern, path

from config.console.alerts.page import acknowledge_alert, alerts

View = Callable[..., HttpResponseBase]


def alert_urls(guard: Callable[[View], Any]) -> list[URLPattern]:
    """`guard` is the site's `admin_view`."""
    return [
        path("alerts/", guard(alerts), name="alerts"),
        path("alerts/<int:alert_id>/acknowledge/", guard(acknowledge_alert), name="acknowledge_alert"),
    ]

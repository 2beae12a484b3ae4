"""Addresses of the stuck bookings' pages, each behind the site's own check."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponseBase
from django.urls import URLPattern, path

from config.console.stuck.page import stuck
from config.console.stuck.rescue_page import rescue

View = Callable[..., HttpResponseBase]


def stuck_urls(guard: Callable[[View], Any]) -> list[URLPattern]:
    """`guard` is the site's `admin_view`."""
    return [
        path("stuck/", guard(stuck), name="stuck"),
        path("stuck/rescue/", guard(rescue), name="stuck_rescue"),
    ]

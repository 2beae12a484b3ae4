"""Address of the page of guests' requests, behind the site's own check."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponseBase
from django.urls import URLPattern, path

from config.console.guests.page import guest_data

View = Callable[..., HttpResponseBase]


def guest_urls(guard: Callable[[View], Any]) -> list[URLPattern]:
    """`guard` is the site's `admin_view`."""
    return [path("guests/", guard(guest_data), name="guest_data")]

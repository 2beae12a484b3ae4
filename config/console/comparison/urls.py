"""Addresses of the comparison explorer, each behind the site's own check."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponseBase
from django.urls import URLPattern, path

from config.console.comparison.page import comparison
from config.console.comparison.pair_page import pair

View = Callable[..., HttpResponseBase]


def comparison_urls(guard: Callable[[View], Any]) -> list[URLPattern]:
    """`guard` is the site's `admin_view`."""
    return [
        path("comparison/", guard(comparison), name="comparison"),
        path("comparison/<int:comparison_id>/", guard(pair), name="comparison_pair"),
    ]

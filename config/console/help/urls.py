"""Addresses of the documents, each behind the site's own check."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponseBase
from django.urls import URLPattern, path

from config.console.help.page import help_page, help_picture, help_search

View = Callable[..., HttpResponseBase]


def help_urls(guard: Callable[[View], Any]) -> list[URLPattern]:
    """`guard` is the site's `admin_view`. Search and pictures stand ahead of what takes any name."""
    return [
        path("help/", guard(help_page), name="help"),
        path("help/search/", guard(help_search), name="help_search"),
        path("help/pictures/<path:name>", guard(help_picture), name="help_picture"),
        path("help/<path:slug>/", guard(help_page), name="help_page"),
    ]

"""Addresses of the audit, each behind the site's own check."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponseBase
from django.urls import URLPattern, path

from config.console.audit.page import audit, audit_export

View = Callable[..., HttpResponseBase]


def audit_urls(guard: Callable[[View], Any]) -> list[URLPattern]:
    """`guard` is the site's `admin_view`."""
    return [
        path("audit/", guard(audit), name="audit"),
        path("audit/export/", guard(audit_export), name="audit_export"),
    ]

"""Too many wrong passwords or codes: who is locked out, until when, and the way out.

django-axes counts them in the database, for a name at an address and for an address whatever the name, so
that all web processes know. While somebody is locked out further attempts change nothing: it ends when the
page says.
"""

import math
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Any

from axes.attempts import get_cool_off_threshold
from axes.handlers.database import AxesDatabaseHandler
from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessAttempt
from axes.signals import user_locked_out
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.db.models import Count, Max, Sum
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from config.access import devices, records


@dataclass(frozen=True, kw_only=True, slots=True)
class Locked:
    """A name that is locked out at an address."""

    username: str
    address: str
    failures: int
    until: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class LockedAddress:
    """An address that is locked out whatever the name; `until` at the latest."""

    address: str
    names: int
    failures: int
    until: datetime


class Handler(AxesDatabaseHandler):  # type: ignore[misc]
    """Counts by name and address as axes does, and by address alone with a limit of its own."""

    def is_locked(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
        return super().is_locked(request, credentials) or self._address_is_locked(request)

    def user_login_failed(
        self, sender: object, credentials: dict[str, Any], request: Any = None, **more: Any
    ) -> None:
        """Count it as axes does, and say so if that was one too many for the address."""
        super().user_login_failed(sender, credentials, request, **more)
        if request is not None and not request.axes_locked_out and self._address_is_locked(request):
            request.axes_locked_out = True
            request.axes_credentials = credentials
            user_locked_out.send("axes", request=request, username=credentials.get("username"))

    def _address_is_locked(self, request: Any) -> bool:
        if request.axes_ip_address is None:
            return False
        recent = AccessAttempt.objects.filter(
            ip_address=request.axes_ip_address, attempt_time__gt=get_cool_off_threshold(request)
        )
        failures: int = recent.aggregate(sum=Sum("failures_since_start"))["sum"] or 0
        return failures >= settings.SIGN_IN_FAILURES_PER_ADDRESS


def answer(request: HttpRequest, original: HttpResponse, credentials: dict[str, Any] | None) -> HttpResponse:
    """What axes shows in place of the page that was asked for."""
    del original
    minutes = _minutes_left(request, (credentials or {}).get("username"))
    context = {**admin.site.each_context(request), "title": "Locked for a while", "minutes": minutes}
    page = TemplateResponse(request, "access/locked.html", context, status=429)
    page.headers["Retry-After"] = str(minutes * 60)
    page.headers["Cache-Control"] = "no-store"
    return page.render()


def refuses(request: HttpRequest, user: User) -> bool:
    """Whether this person may not try now; the answer of the request is the page that says so."""
    credentials = {"username": user.get_username()}
    if AxesProxyHandler.is_allowed(request, credentials):
        return False
    request.axes_locked_out = True  # type: ignore[attr-defined]
    request.axes_credentials = credentials  # type: ignore[attr-defined]
    return True


def count_wrong_code(request: HttpRequest, user: User) -> None:
    """A wrong code counts as a wrong password does."""
    credentials = {"username": user.get_username(), "step": "second step"}
    user_login_failed.send(sender=__name__, credentials=credentials, request=request)


def locked_now(*, now: datetime) -> list[Locked]:
    """Names that are locked out at an address, the latest first (one query)."""
    rows = (
        AccessAttempt.objects.filter(attempt_time__gt=now - settings.AXES_COOLOFF_TIME)
        .values("username", "ip_address")
        .annotate(failures=Sum("failures_since_start"), last=Max("attempt_time"))
        .filter(failures__gte=settings.AXES_FAILURE_LIMIT)
        .order_by("-last")
    )
    return [
        Locked(
            username=row["username"] or "",
            address=row["ip_address"] or "",
            failures=row["failures"],
            until=row["last"] + settings.AXES_COOLOFF_TIME,
        )
        for row in rows
    ]


def locked_addresses(*, now: datetime) -> list[LockedAddress]:
    """Addresses that are locked out as a whole, the latest first (one query)."""
    rows = (
        AccessAttempt.objects.filter(
            attempt_time__gt=now - settings.AXES_COOLOFF_TIME, ip_address__isnull=False
        )
        .values("ip_address")
        .annotate(
            names=Count("username", distinct=True),
            failures=Sum("failures_since_start"),
            last=Max("attempt_time"),
        )
        .filter(failures__gte=settings.SIGN_IN_FAILURES_PER_ADDRESS)
        .order_by("-last")
    )
    return [
        LockedAddress(
            address=row["ip_address"],
            names=row["names"],
            failures=row["failures"],
            until=row["last"] + settings.AXES_COOLOFF_TIME,
        )
        for row in rows
    ]


def unlock(user: User, *, by: User | None) -> int:
    """Forget the wrong passwords and codes of a person, at every address; how many rows there were."""
    forgotten, _ = AccessAttempt.objects.filter(username=user.get_username()).delete()
    devices.forgive(user)
    records.record("sign_in.unlocked", user=user.pk, actor=by.pk if by else None)
    if by is not None:
        records.log_help(by=by, to=user, what="Unlocked the sign-in.")
    return int(forgotten)


def unlock_address(address: str, *, by: User | None) -> int:
    """Forget what came from an address, whatever the name; how many rows there were.

    Raises ValueError for what is no IP address.
    """
    forgotten, _ = AccessAttempt.objects.filter(ip_address=str(ip_address(address))).delete()
    records.record("sign_in.unlocked", user=None, actor=by.pk if by else None)
    if by is not None:
        records.log_help(by=by, to=by, what="Unlocked the sign-in of an address.")
    return int(forgotten)


def _minutes_left(request: HttpRequest, username: str | None) -> int:
    """Until the last attempt that counted is long enough ago; at least one."""
    address = request.META.get("REMOTE_ADDR") or None
    counted = AccessAttempt.objects.filter(ip_address=address)
    theirs = counted.filter(username=username)
    last = (theirs if theirs.exists() else counted).aggregate(last=Max("attempt_time"))["last"]
    left = last + settings.AXES_COOLOFF_TIME - timezone.now() if last else settings.AXES_COOLOFF_TIME
    return max(1, math.ceil(left.total_seconds() / 60))

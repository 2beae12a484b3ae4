"""How everybody signs in, for those who help: unlocking, links for new passwords, lost devices taken away."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Count, OuterRef, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from config.access import devices, letters, lockout, new_password, records, sessions
from config.access.models import Authenticator
from config.access.rights import may_manage, why_not


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A person: `since` the device counts, None without one; `until` the lock is over, None unlocked.

    `waits` for a password to be chosen.
    """

    user: User
    since: datetime | None
    last_used: datetime | None
    codes_left: int
    until: datetime | None
    is_self: bool
    waits: bool


@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """Everybody who may sign in, those who are locked out first."""
    _check(request)
    locks = lockout.locked_now(now=timezone.now())
    rows = _rows(request, {lock.username: lock.until for lock in locks})
    known = {row.user.get_username() for row in rows}
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": "Sign-in",
        "rows": sorted(rows, key=lambda row: row.until is None),
        "addresses": lockout.locked_addresses(now=timezone.now()),
        "strangers": [lock for lock in locks if lock.username not in known],
        "required": settings.MFA_REQUIRED,
        "without": sum(row.since is None for row in rows),
    }
    return TemplateResponse(request, "access/people.html", context)


@require_POST
def unlock(request: HttpRequest, user_id: int) -> HttpResponse:
    """Let somebody try again at once."""
    by, to = _pair(request, user_id)
    return _help(request, by, to, lambda: lockout.unlock(to, by=by), f"{to} may try again at once.")


@require_POST
def unlock_address(request: HttpRequest) -> HttpResponse:
    """Let everybody at an address try again at once."""
    _check(request)
    if not isinstance(request.user, User):
        raise PermissionDenied
    address = request.POST.get("address", "")
    try:
        lockout.unlock_address(address, by=request.user)
    except ValueError:
        messages.error(request, f"Nothing was changed. {address[:50]!r} is no address.")
    else:
        messages.success(request, f"Everybody at {address} may try again at once.")
    return HttpResponseRedirect(reverse("admin:sign_in_people"))


@require_POST
def reset(request: HttpRequest, user_id: int) -> HttpResponse:
    """Take somebody's device and codes away, and end their sessions."""
    by, to = _pair(request, user_id)
    told = f"The second step of {to} is taken away, and every session of theirs is ended."
    return _help(request, by, to, lambda: reset_device(to, by=by), told)


@require_POST
def link(request: HttpRequest, user_id: int) -> HttpResponse:
    """Mail somebody the way to a password of their own choice."""
    by, to = _pair(request, user_id)
    told = f"{to} is sent a link for a new password; the old one opens nothing any more."
    return _help(request, by, to, lambda: new_password.send_link(request, to, by=by), told)


def reset_device(user: User, *, by: User | None) -> int:
    """Without a device the next sign-in leads to a new one; how many sessions were ended."""
    devices.remove(user)
    ended = sessions.end_all(user.pk)
    records.record("device.reset", user=user.pk, actor=by.pk if by else None)
    if by is not None:
        records.log_help(by=by, to=user, what="Reset the second step.")
    letters.tell(user, "Your second step was taken away, and your sessions ended,", by=by)
    return ended


def _help(request: HttpRequest, by: User, to: User, deed: Callable[[], object], told: str) -> HttpResponse:
    why = why_not(by, to)
    if not why:
        try:
            deed()
        except new_password.NotSentError as error:
            why = str(error)
    if why:
        messages.error(request, f"Nothing was changed. {why}")
    else:
        messages.success(request, told)
    return HttpResponseRedirect(reverse("admin:sign_in_people"))


def _pair(request: HttpRequest, user_id: int) -> tuple[User, User]:
    _check(request)
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user, get_object_or_404(User, pk=user_id)


def _check(request: HttpRequest) -> None:
    if not may_manage(request):
        raise PermissionDenied("Helping others sign in takes the right to manage sign-ins.")


def _rows(request: HttpRequest, locked: dict[str, datetime]) -> list[Row]:
    """One query; a row for each person."""
    device = Authenticator.objects.filter(user=OuterRef("pk"), confirmed=True)
    rows = (
        User.objects.filter(is_staff=True, is_active=True)
        .annotate(
            since=Subquery(device.values("created_at")[:1]),
            last_used=Subquery(device.values("last_used_at")[:1]),
            codes_left=Count("staticdevice__token_set"),
        )
        .order_by("username")
    )
    return [
        Row(
            user=row,
            since=row.since,
            last_used=row.last_used,
            codes_left=row.codes_left,
            until=locked.get(row.get_username()),
            is_self=row.pk == request.user.pk,
            waits=not row.has_usable_password(),
        )
        for row in rows
    ]

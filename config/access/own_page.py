"""A person's own second step: the page about it, setting it up, replacing it, new recovery codes.

What changes it takes a proof first: a code, or the password of who has no device yet.
"""

import base64
from datetime import timedelta
from typing import Any

import segno
from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.access import devices, halfway, letters, lockout, passwords, records, recovery, sessions
from config.access.models import Authenticator
from config.access.sign_in import complete, refused

#: How long a proof allows to set a device up.
PROVED_FOR = timedelta(minutes=10)
_PROVED, _OFFERED = "access_proved", "access_offered"


@never_cache
@require_safe
def security(request: HttpRequest) -> HttpResponse:
    """How this person signs in."""
    return _security(request, "")


@never_cache
@require_POST
def change(request: HttpRequest) -> HttpResponse:
    """With a proof, lead to a new device (`then=device`) or show new recovery codes (`then=codes`)."""
    user = _signed_in(request)
    if user is None:
        return HttpResponseRedirect(reverse("admin:login"))
    told = _what_fails(request, user, request.POST.get("proof", ""))
    if told:
        return _security(request, told, status=409)
    if request.POST.get("then") == "codes" and devices.has_device(user):
        codes = recovery.issue(user)
        records.record("recovery_codes.renewed", user=user.pk)
        letters.tell(user, "New recovery codes were made")
        return _codes(request, codes, onward=reverse("admin:security"))
    request.session[_PROVED] = int(timezone.now().timestamp())
    return HttpResponseRedirect(reverse("admin:second_step_setup"))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def set_up(request: HttpRequest) -> HttpResponse:
    """Show a new device's secret; its first code puts it in force.

    For who is signed in and has given a proof, and for who gave the password and has no device yet.
    """
    user, is_in = _may_set_up(request)
    if user is None:
        return HttpResponseRedirect(reverse("admin:security" if is_in else "admin:login"))
    if lockout.refuses(request, user):
        return HttpResponse(status=429)
    told = ""
    if request.method == "POST":
        replaces = devices.has_device(user)
        code, offered = request.POST.get("code", ""), request.session.get(_OFFERED, 0)
        codes = devices.confirm(user, offered, code, replaces=is_in)
        if codes:
            request.session.pop(_OFFERED, None)
            records.record("device.replaced" if replaces else "device.enrolled", user=user.pk, actor=user.pk)
            letters.tell(user, "A device for the second step was set up")
            return _codes(request, codes, onward=_onward(request, user, is_in=is_in))
        told = refused(request, user, devices.Checked())
    return _set_up(request, user, told)


def _may_set_up(request: HttpRequest) -> tuple[User | None, bool]:
    """Who may, and whether they are signed in already."""
    user = _signed_in(request)
    if user is None:
        stranger = halfway.person(request)
        return (None if stranger is None or devices.has_device(stranger) else stranger), False
    at = request.session.get(_PROVED, 0)
    fresh = timezone.now().timestamp() - at < PROVED_FOR.total_seconds()
    return (user if fresh else None), True


def _onward(request: HttpRequest, user: User, *, is_in: bool) -> str:
    """Let the device count from now on: sign in, or end the sessions the old one proved."""
    if not is_in:
        onward = halfway.end(request)
        complete(request, user, by=devices.AUTHENTICATOR)
        return onward
    request.session.pop(_PROVED, None)
    request.session[sessions.SECOND_STEP] = devices.AUTHENTICATOR
    sessions.end_all(user.pk, but=request.session.session_key)
    return reverse("admin:security")


def _what_fails(request: HttpRequest, user: User, proof: str) -> str:
    """Why the proof is none; empty if it is one."""
    if not proof:
        return "Give a code or, without a device, your password first."
    if not devices.has_device(user):
        return "" if passwords.is_own_password(request, proof) else "That is not your password."
    if lockout.refuses(request, user):
        return "Locked for a while."
    checked = devices.check(user, proof, now=timezone.now())
    return "" if checked.by else refused(request, user, checked)


def _signed_in(request: HttpRequest) -> User | None:
    allowed = isinstance(request.user, User) and admin.site.has_permission(request)
    return request.user if allowed and isinstance(request.user, User) else None


def _security(request: HttpRequest, told: str, status: int = 200) -> HttpResponse:
    user = _signed_in(request)
    device = Authenticator.objects.filter(user=user, confirmed=True).first() if user else None
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": "Sign-in security",
        "told": told,
        "device": device,
        "codes_left": recovery.left(user) if user and device else 0,
        "codes": recovery.CODES,
    }
    return TemplateResponse(request, "access/security.html", context, status=status)


def _set_up(request: HttpRequest, user: User, told: str) -> HttpResponse:
    device = devices.offered(user, request.session.get(_OFFERED, 0))
    request.session[_OFFERED] = device.pk
    text = base64.b32encode(device.bin_key).decode()
    context = {
        **admin.site.each_context(request),
        "title": "Set up the second step",
        "username": user.get_username(),
        "told": told,
        "qr": _qr(device.config_url),
        "secret": " ".join(text[at : at + 4] for at in range(0, len(text), 4)),
    }
    return TemplateResponse(request, "access/set_up.html", context)


def _codes(request: HttpRequest, codes: list[str], *, onward: str) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        "title": "Recovery codes",
        "codes": codes,
        "onward": onward,
    }
    return TemplateResponse(request, "access/codes.html", context)


def _qr(text: str) -> SafeString:
    """Dark on white in both themes, because cameras want it so; attributes only, no styles."""
    drawn = segno.make(text, error="m").svg_inline(
        border=3, light="#fff", dark="#000", svgclass="qr", lineclass=None, omitsize=True
    )
    return mark_safe(drawn)  # noqa: S308 - segno draws squares and quotes nothing

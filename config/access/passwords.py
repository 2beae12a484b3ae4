"""Asking somebody who is signed in for the password once more."""

from django.contrib.auth import authenticate
from django.http import HttpRequest


def is_own_password(request: HttpRequest, password: str) -> bool:
    """Whether it is the person's password. Wrong ones count as at signing in, and lock out as there."""
    user = authenticate(request, username=request.user.get_username(), password=password)
    return user is not None and user.pk == request.user.pk


def is_locked_out(request: HttpRequest) -> bool:
    """Whether this request was refused because of too many wrong ones; its answer will say so."""
    return bool(getattr(request, "axes_locked_out", False))

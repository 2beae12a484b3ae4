"""Addresses of signing in. Those ahead of a session are open to everybody, and look for themselves."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponseBase
from django.urls import URLPattern, path

from config.access.new_password import NewPassword
from config.access.own_page import change, security, set_up
from config.access.people_page import link, people, reset, unlock, unlock_address
from config.access.sign_in import second_step

View = Callable[..., HttpResponseBase]


def access_urls(guard: Callable[[View], Any]) -> list[URLPattern]:
    """`guard` is the site's `admin_view`."""
    return [
        path("login/second-step/", second_step, name="second_step"),
        path("login/set-up/", set_up, name="second_step_setup"),
        path("login/new-password/<str:uidb64>/<str:token>/", NewPassword.as_view(), name="new_password"),
        path("security/", guard(security), name="security"),
        path("security/change/", guard(change), name="security_change"),
        path("sign-ins/", guard(people), name="sign_in_people"),
        path("sign-ins/unlock-address/", guard(unlock_address), name="sign_in_unlock_address"),
        path("sign-ins/<int:user_id>/unlock/", guard(unlock), name="sign_in_unlock"),
        path("sign-ins/<int:user_id>/reset/", guard(reset), name="sign_in_reset"),
        path("sign-ins/<int:user_id>/link/", guard(link), name="sign_in_link"),
    ]

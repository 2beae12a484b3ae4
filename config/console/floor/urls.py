"""Addresses of the floor page, each behind the site's own check."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.http import HttpResponseBase
from django.urls import URLPattern, path

from config.console.floor import actions
from config.console.floor.page import floor

View = Callable[..., HttpResponseBase]

STEPS = ("check-in", "complete", "no-show", "lock", "unlock", "move")


def floor_urls(guard: Callable[[View], Any]) -> list[URLPattern]:
    """`guard` is the site's `admin_view`."""
    return [
        path("floor/", guard(floor), name="floor"),
        path("floor/walk-in/", guard(actions.seat_walk_in), name="floor_walk_in"),
        path("floor/<int:booking_id>/assign/", guard(actions.assign), name="floor_assign"),
        *(
            path(
                f"floor/<int:booking_id>/{step}/",
                guard(partial(actions.step, action=step)),
                name=f"floor_{step.replace('-', '_')}",
            )
            for step in STEPS
        ),
    ]

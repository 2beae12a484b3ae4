"""Addresses of the flags pages, each behind the site's own check."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponseBase
from django.urls import URLPattern, path

from config.console.flags import actions
from config.console.flags.effect import effect
from config.console.flags.history import history
from config.console.flags.page import flags

View = Callable[..., HttpResponseBase]


def flag_urls(guard: Callable[[View], Any]) -> list[URLPattern]:
    """`guard` is the site's `admin_view`."""
    one = "flags/proposals/<int:proposal_id>/"
    return [
        path("flags/", guard(flags), name="flags"),
        path("flags/effect/", guard(effect), name="flags_effect"),
        path("flags/changes/", guard(history), name="flags_history"),
        path("flags/save/", guard(actions.save), name="flags_save"),
        path("flags/kill/", guard(actions.kill), name="flags_kill"),
        path("flags/changes/<int:version>/roll-back/", guard(actions.roll_back), name="flags_roll_back"),
        path(f"{one}approve/", guard(actions.approve), name="flags_approve"),
        path(f"{one}reject/", guard(actions.reject), name="flags_reject"),
        path(f"{one}withdraw/", guard(actions.withdraw), name="flags_withdraw"),
    ]

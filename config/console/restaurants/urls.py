"""Addresses of the restaurants' pages, each behind the site's own check."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.http import HttpResponseBase
from django.urls import URLPattern, path

from config.console.restaurants.editing import add, edit
from config.console.restaurants.kinds import KINDS
from config.console.restaurants.list_page import restaurants
from config.console.restaurants.page import gaps, restaurant

View = Callable[..., HttpResponseBase]


def restaurant_urls(guard: Callable[[View], Any]) -> list[URLPattern]:
    """`guard` is the site's `admin_view`."""
    return [
        path("restaurants/", guard(restaurants), name="restaurants"),
        path("restaurants/<int:restaurant_id>/", guard(restaurant), name="restaurant"),
        path("restaurants/<int:restaurant_id>/gaps/", guard(gaps), name="restaurant_gaps"),
        *(
            path(
                f"restaurants/<int:restaurant_id>/{kind.slug}/",
                guard(partial(add, kind=kind)),
                name=f"plan_{kind.slug}_add",
            )
            for kind in KINDS.values()
            if kind.can_add
        ),
        *(
            path(
                f"restaurants/{kind.slug}/<int:pk>/",
                guard(partial(edit, kind=kind)),
                name=f"plan_{kind.slug}_edit",
            )
            for kind in KINDS.values()
        ),
    ]

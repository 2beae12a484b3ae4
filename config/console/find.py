"""Find: jumps to the one booking or restaurant meant, or lists what could be meant."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from bookings.models import Booking, Restaurant
from config.console.local_time import LocalTime, local_time
from config.console.navigation import list_url
from observability.scope import Scope, scope_of

#: Most matches listed of each kind: who sees that many types a letter more.
MOST = 20

_REFERENCE = re.compile(r"(?:B-?)?([0-9A-Z]{1,12})", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """One thing that could be meant; `start` is a booking's."""

    label: str
    note: str
    url: str
    start: LocalTime | None = None


@require_safe
def find(request: HttpRequest) -> HttpResponse:
    """The page of a single match, or the list of matches; at most three queries."""
    wanted = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    matches = list(_matches(request, wanted)) if wanted else []
    if len(matches) == 1:
        return HttpResponseRedirect(matches[0].url)
    context = {**admin.site.each_context(request), "title": "Find", "wanted": wanted, "matches": matches}
    return TemplateResponse(request, "console/find.html", context)


def _matches(request: HttpRequest, wanted: str) -> Iterator[Match]:
    """Bookings by reference, then restaurants by name; each kind only for who may see its list."""
    scope = scope_of(request)
    if list_url(Booking, request, admin.site):
        yield from _bookings(scope, wanted)
    if list_url(Restaurant, request, admin.site):
        yield from _restaurants(scope, wanted)


def _bookings(scope: Scope, wanted: str) -> Iterator[Match]:
    """Bookings whose reference begins so, with or without the leading "B-"."""
    reference = _REFERENCE.fullmatch(wanted)
    if reference is None:
        return
    rows = scope.narrow(Booking.objects.select_related("restaurant"), "restaurant")
    start = f"B-{reference.group(1).upper()}"
    for booking in rows.filter(reference__startswith=start).order_by("reference")[:MOST]:
        yield Match(
            label=booking.reference,
            note=f"{booking.party_size} at {booking.restaurant.name}",
            url=reverse("admin:bookings_booking_change", args=[booking.pk]),
            start=local_time(booking.start_at, booking.restaurant),
        )


def _restaurants(scope: Scope, wanted: str) -> Iterator[Match]:
    rows = scope.narrow(Restaurant.objects.filter(name__icontains=wanted), "pk")
    for restaurant in rows.order_by("name")[:MOST]:
        yield Match(
            label=restaurant.name,
            note=restaurant.timezone,
            url=reverse("admin:restaurant", args=[restaurant.pk]),
        )

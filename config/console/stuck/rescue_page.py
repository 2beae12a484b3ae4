"""Acting on stuck bookings, one or many: a dry run of what would happen to each, then what did."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from assignments.stuck import rescues
from assignments.stuck.causes import stuck_bookings
from assignments.stuck.rescues import Forecast, Rescue, RescueError, foresee
from bookings.models import Booking
from bookings.state_machine import StaleBookingError
from config.console.review.rights import person
from config.console.stuck.page import RESCUE
from observability.scope import scope_of

#: Most bookings in one go: beyond it nobody reads the dry run.
MOST = 100

#: Verb of each rescue and what carries it out.
_RESCUES: Mapping[Rescue, tuple[str, Callable[..., None]]] = {
    Rescue.REQUEUE: ("Requeue", rescues.requeue),
    Rescue.REVIEW: ("Send to review", rescues.send_to_review),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """A booking of the scope, at the version that was shown to who asks."""

    booking: Booking
    version: int

    @property
    def key(self) -> str:
        return f"{self.booking.pk}:{self.version}"


@require_POST
@permission_required(RESCUE, raise_exception=True)
def rescue(request: HttpRequest) -> HttpResponse:
    """The dry run; with `sure` the deed, and an outcome for each booking."""
    kind, keys = _asked(request)
    wanted = _wanted(request, keys)
    if kind is None or not wanted:
        messages.error(request, "Tick at least one stuck booking and choose what to do with it.")
        return HttpResponseRedirect(reverse("admin:stuck"))
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _RESCUES[kind][0],
        "kind": kind.value,
    }
    if "sure" in request.POST:
        user = person(request)
        context["outcomes"] = [(item, _carry_out(kind, item, user)) for item in wanted]
        context["done"] = sum(not refusal for _, refusal in context["outcomes"])
    else:
        context["rows"] = _forecasts(request, kind, wanted)
        context["possible"] = sum(not forecast.refusal for _, forecast in context["rows"])
    return TemplateResponse(request, "stuck/rescue.html", context)


def _asked(request: HttpRequest) -> tuple[Rescue | None, list[str]]:
    """What to do and to which: a row's own button says both, as "requeue 12:3"."""
    one = request.POST.get("one", "").split(" ")
    if len(one) == 2:
        return _kind(one[0]), [one[1]]
    return _kind(request.POST.get("kind", "")), request.POST.getlist("booking")[:MOST]


def _kind(text: str) -> Rescue | None:
    return next((kind for kind in Rescue if kind.value == text), None)


def _wanted(request: HttpRequest, keys: list[str]) -> list[Wanted]:
    """Those of the scope, in the order of their start; what is no key names no booking."""
    parts = [key.split(":") for key in keys]
    versions = {
        int(part[0]): int(part[1])
        for part in parts
        if len(part) == 2 and all(p.isdecimal() and len(p) < 10 for p in part)
    }
    rows = scope_of(request).narrow(Booking.objects.filter(pk__in=versions), "restaurant")
    rows = rows.select_related("restaurant").order_by("start_at", "pk")
    return [Wanted(booking=booking, version=versions[booking.pk]) for booking in rows]


def _forecasts(request: HttpRequest, kind: Rescue, wanted: list[Wanted]) -> list[tuple[Wanted, Forecast]]:
    """One query for all of them."""
    found = stuck_bookings(scope=scope_of(request), ids=[item.booking.pk for item in wanted])
    now_stuck = {item.booking_id: item for item in found}
    return [
        (
            item,
            foresee(now_stuck[item.booking.pk], kind)
            if item.booking.pk in now_stuck
            else Forecast(refusal="It is no longer stuck."),
        )
        for item in wanted
    ]


def _carry_out(kind: Rescue, item: Wanted, user: User) -> str:
    """Do it to one booking; returns why nothing was done, or nothing."""
    try:
        _RESCUES[kind][1](
            booking_id=item.booking.pk, seen_version=item.version, user=user, now=timezone.now()
        )
    except RescueError as refusal:
        return str(refusal)
    except StaleBookingError:
        return "It moved on while you decided."
    return ""

"""The floor page: who sits where, and for the booking that is chosen what can be done."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from bookings.models import BookingStatus, Restaurant
from config.console.floor.choice import Choice, choose
from config.console.floor.evening import Evening, evening_of
from config.console.floor.picked import candidate_of, picked_booking
from config.console.floor.plot import plot_of
from config.console.review.rights import WORK
from config.console.review.toast import toast
from observability.scope import scope_of

SEE = "bookings.view_booking"
SERVE = "bookings.change_booking"


@dataclass(frozen=True, kw_only=True, slots=True)
class TableRow:
    """A booking in the table below the picture; `start` orders, `at` is local."""

    pk: int
    start: datetime
    at: str
    reference: str
    party: int
    where: str
    status: str
    locked: bool


@require_safe
@permission_required(SEE, raise_exception=True)
def floor(request: HttpRequest) -> HttpResponse:
    """One service. The number of queries does not depend on the size of the house."""
    return floor_page(request)


def floor_page(request: HttpRequest, *, refusal: str = "", status: int = 200) -> HttpResponse:
    """The page as it stands; with a `refusal` what was not done, and why."""
    now = timezone.now()
    restaurants = list(
        scope_of(request).narrow(Restaurant.objects.filter(active=True), "pk").order_by("name")
    )
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": "Floor",
        "restaurants": restaurants,
        "refusal": refusal,
        "may_serve": request.user.has_perm(SERVE),
        "may_work": request.user.has_perm(WORK),
        "form_id": uuid.uuid4(),
        "toast": toast(request, now=now),
    }
    asked = request.POST if request.method == "POST" else request.GET
    restaurant = next((r for r in restaurants if str(r.pk) == asked.get("r")), None) or next(
        iter(restaurants), None
    )
    if restaurant is not None:
        choice = choose(restaurant, asked, now=now)
        context |= _shown(choice, asked.get("b", ""), now)
    return TemplateResponse(request, "floor/page.html", context, status=status)


def _shown(choice: Choice, wanted: str, now: datetime) -> dict[str, Any]:
    evening = evening_of(restaurant=choice.restaurant, opens=choice.opens, closes=choice.closes, now=now)
    picked = picked_booking(choice.restaurant, evening, wanted, now=now)
    conflicts = evening.conflicts()
    return {
        "choice": choice,
        "evening": evening,
        "zone": f"{choice.opens.astimezone(choice.restaurant.tzinfo):%Z}",
        "picked": picked,
        "plot": plot_of(
            evening,
            candidate=candidate_of(picked) if picked else None,
        ),
        "rows": _table_rows(evening),
        "conflicts": len(conflicts),
        "address": urlencode(
            {"r": choice.restaurant.pk, "day": choice.day.isoformat(), "service": choice.service}
        ),
    }


def _table_rows(evening: Evening) -> list[TableRow]:
    """The same as a table."""
    numbers = {table.pk: table.number for table in evening.tables}
    tz = evening.restaurant.tzinfo
    waiting = [
        TableRow(
            pk=b.pk,
            start=b.start_at,
            at=f"{b.start_at.astimezone(tz):%H:%M}",
            reference=b.reference,
            party=b.party_size,
            where="none",
            status=b.get_assignment_state_display(),
            locked=False,
        )
        for b in evening.unassigned
    ]
    seated = [
        TableRow(
            pk=s.pk,
            start=s.start,
            at=f"{s.start.astimezone(tz):%H:%M}",
            reference=s.reference,
            party=s.party_size,
            where=" + ".join(numbers.get(table, "?") for table in s.tables),
            status=BookingStatus(s.status).label,
            locked=s.locked,
        )
        for s in evening.seated
    ]
    return sorted([*waiting, *seated], key=lambda row: (row.start, row.reference))

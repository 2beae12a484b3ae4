"""The floor page: who sits where, and for the booking that is chosen what can be done."""

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

from assignments.models import ReviewCase
from assignments.seats import free_seats
from bookings.allocations import held_tables
from bookings.models import Booking, BookingStatus, Restaurant
from config.console.floor.choice import Choice, choose
from config.console.floor.evening import Evening, Seated, evening_of
from config.console.floor.plot import plot_of
from config.console.local_time import LocalTime, local_time
from observability.scope import scope_of

SEE = "bookings.view_booking"
SERVE = "bookings.change_booking"


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """Free tables a booking could be moved to; `value` is what the form sends."""

    label: str
    value: str
    slack: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Picked:
    """The chosen booking and the steps that follow from its status."""

    booking: Booking
    start: LocalTime
    tables: str
    steps: tuple[tuple[str, str], ...]
    offers: tuple[Offer, ...]
    case_id: int | None
    conflict: str


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
    picked = _picked(choice, evening, wanted, now)
    conflicts = evening.conflicts()
    return {
        "choice": choice,
        "evening": evening,
        "zone": f"{choice.opens.astimezone(choice.restaurant.tzinfo):%Z}",
        "picked": picked,
        "plot": plot_of(
            evening,
            selected=picked.booking.pk if picked else None,
            ghost=_tables_of(picked),
            ghost_of=_as_seated(picked),
        ),
        "rows": _table_rows(evening),
        "conflicts": len(conflicts),
        "address": urlencode(
            {"r": choice.restaurant.pk, "day": choice.day.isoformat(), "service": choice.service}
        ),
    }


def _picked(choice: Choice, evening: Evening, wanted: str, now: datetime) -> Picked | None:
    if not wanted.isdecimal() or len(wanted) > 18:
        return None
    booking = (
        Booking.objects.select_related("restaurant", "zone")
        .filter(pk=int(wanted), restaurant=choice.restaurant)
        .first()
    )
    if booking is None:
        return None
    numbers = {table.pk: table for table in evening.tables}
    held = held_tables(booking)
    open_case = ReviewCase.objects.filter(booking=booking, closed_at__isnull=True).first()
    overrun = evening.conflicts().get(booking.pk)
    return Picked(
        booking=booking,
        start=local_time(booking.start_at, booking.restaurant),
        tables=" + ".join(numbers[pk].number for pk in held if pk in numbers),
        steps=_steps(booking, now),
        offers=_offers(booking, held, numbers, now) if held else (),
        case_id=open_case.pk if open_case else None,
        conflict=f"{overrun.reference} still sits at its table; move this party" if overrun else "",
    )


def _steps(booking: Booking, now: datetime) -> tuple[tuple[str, str], ...]:
    """What follows from the status: (name of the action, verb)."""
    if booking.status == BookingStatus.CHECKED_IN:
        return (("complete", "They left"),)
    if booking.status != BookingStatus.CONFIRMED:
        return ()
    pinned = ("unlock", "Unlock") if booking.locked else ("lock", "Lock to its table")
    no_show = (("no-show", "No-show"),) if now >= booking.start_at else ()
    return (("check-in", "Check in"), *no_show, pinned)


def _offers(
    booking: Booking, held: tuple[int, ...], numbers: dict[int, Any], now: datetime
) -> tuple[Offer, ...]:
    """Other free tables, best first."""
    return tuple(
        Offer(
            label=" + ".join(numbers[pk].number for pk in seat.tables),
            value=",".join(map(str, seat.tables)),
            slack=sum(numbers[pk].capacity for pk in seat.tables) - booking.party_size,
        )
        for seat in free_seats(booking=booking, now=now)
        if set(seat.tables) != set(held) and all(pk in numbers for pk in seat.tables)
    )


def _tables_of(picked: Picked | None) -> tuple[int, ...]:
    """The best offer is drawn as a candidate."""
    return tuple(map(int, picked.offers[0].value.split(","))) if picked and picked.offers else ()


def _as_seated(picked: Picked | None) -> Seated | None:
    if picked is None:
        return None
    booking = picked.booking
    return Seated(
        pk=booking.pk,
        reference=booking.reference,
        party_size=booking.party_size,
        start=booking.start_at,
        end=booking.end_at,
        status=booking.status,
        locked=booking.locked,
        tables=(),
    )


def _table_rows(evening: Evening) -> list[tuple[str, str, str, str, str, str]]:
    """The same as a table: time, reference, party, tables, status, locked."""
    numbers = {table.pk: table.number for table in evening.tables}
    tz = evening.restaurant.tzinfo
    waiting = [
        (b.start_at, b.reference, b.party_size, "none", b.get_assignment_state_display(), "")
        for b in evening.unassigned
    ]
    seated = [
        (
            s.start,
            s.reference,
            s.party_size,
            " + ".join(numbers.get(table, "?") for table in s.tables),
            BookingStatus(s.status).label,
            "locked" if s.locked else "",
        )
        for s in evening.seated
    ]
    rows = sorted([*waiting, *seated], key=lambda row: (row[0], row[1]))
    return [
        (f"{at.astimezone(tz):%H:%M}", ref, str(n), where, state, pin)
        for at, ref, n, where, state, pin in rows
    ]

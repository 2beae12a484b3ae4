"""The home page: how the bookings of the last day and of today's services stand."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.admin import AdminSite
from django.db.models import Count, Prefetch
from django.http import HttpRequest
from django.urls import reverse

from bookings.display.looks import Look, look
from bookings.display.show import zone_name
from bookings.models import Allocation, Booking
from bookings.states import State
from config.console.booking_lists import UNFINISHED, WANTED, filtered
from config.console.local_time import LocalTime, local_time
from config.console.navigation import list_url
from config.console.services_today import Day, services_today
from observability.scope import Scope, scope_of

RECENT = timedelta(hours=24)
NEWEST = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """A count and the list of what was counted."""

    count: int
    url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Tile:
    label: str
    look: Look
    figure: Figure


@dataclass(frozen=True, kw_only=True, slots=True)
class StateLine:
    """Bookings in a state: received lately, and due in today's services."""

    look: Look
    recent: Figure
    today: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """Bookings by what is to be done; `bookings` and `guests` leave the cancelled out."""

    bookings: int
    guests: int
    confirmed: int
    review: int
    unfinished: int


@dataclass(frozen=True, kw_only=True, slots=True)
class RestaurantLine:
    """One restaurant's services of today."""

    name: str
    services: tuple[str, ...]
    zone: str
    span: str
    guests: int
    bookings: Figure
    confirmed: Figure
    review: Figure
    unfinished: Figure


@dataclass(frozen=True, kw_only=True, slots=True)
class BookingLine:
    reference: str
    url: str
    party_size: int
    restaurant: str
    start: LocalTime
    received: LocalTime
    tables: tuple[str, ...]
    look: Look


def home(request: HttpRequest, site: AdminSite, *, now: datetime) -> dict[str, Any]:
    """Template context. The number of queries does not depend on the number of rows."""
    url = list_url(Booking, request, site)
    if url is None:
        return {"may_see_bookings": False}
    since = now - RECENT
    scope = scope_of(request)
    days = services_today(now, scope)
    recent = _received_since(since, scope)
    today = tally(_sums(day.bookings for day in days), _sums(day.guests for day in days))
    return {
        "may_see_bookings": True,
        "made_at": now,
        "received": Figure(count=sum(recent.values()), url=filtered(url, created_at__gte=since)),
        "tiles": _tiles(recent, url, since),
        "states": _state_lines(recent, _sums(day.bookings for day in days), url, since),
        "restaurants": [_restaurant_line(day, url) for day in days],
        "zones": len({day.restaurant.timezone for day in days}),
        "today": today,
        "review_url": _review_url(days, url),
        "newest": _newest(site, scope),
        "bookings_url": url,
    }


def tally(bookings: Mapping[State, int], guests: Mapping[State, int]) -> Tally:
    return Tally(
        bookings=_total(bookings, WANTED),
        guests=_total(guests, WANTED),
        confirmed=_total(bookings, [State.CONFIRMED]),
        review=_total(bookings, [State.MANUAL_REVIEW]),
        unfinished=_total(bookings, UNFINISHED),
    )


def _received_since(since: datetime, scope: Scope) -> dict[State, int]:
    """Bookings by the state they are in now; imported history has none and is left out."""
    received = Booking.objects.filter(created_at__gte=since, assignment_state__isnull=False)
    rows = (
        scope.narrow(received, "restaurant").order_by().values("assignment_state").annotate(count=Count("id"))
    )
    return {State(str(row["assignment_state"])): row["count"] for row in rows}


def _tiles(recent: Mapping[State, int], url: str, since: datetime) -> list[Tile]:
    def tile(label: str, shown_as: State, states: Sequence[State]) -> Tile:
        count = _total(recent, states)
        figure = Figure(count=count, url=filtered(url, states=states, created_at__gte=since))
        return Tile(label=label, look=look(shown_as), figure=figure)

    return [
        tile("Confirmed", State.CONFIRMED, [State.CONFIRMED]),
        tile("Manual review", State.MANUAL_REVIEW, [State.MANUAL_REVIEW]),
        tile("Unfinished", State.ASSIGNMENT_IN_PROGRESS, UNFINISHED),
        tile("Cancelled", State.CANCELLED, [State.CANCELLED]),
    ]


def _state_lines(
    recent: Mapping[State, int], today: Mapping[State, int], url: str, since: datetime
) -> list[StateLine]:
    return [
        StateLine(
            look=look(state),
            recent=Figure(
                count=recent.get(state, 0), url=filtered(url, states=[state], created_at__gte=since)
            ),
            today=today.get(state, 0),
        )
        for state in State
    ]


def _restaurant_line(day: Day, url: str) -> RestaurantLine:
    counts = tally(day.bookings, day.guests)

    def figure(count: int, states: Sequence[State]) -> Figure:
        span = {"start_at__gte": day.opens, "start_at__lt": day.closes}
        return Figure(
            count=count,
            url=filtered(url, states=states, restaurant__id__exact=day.restaurant.pk, **span),
        )

    return RestaurantLine(
        name=day.restaurant.name,
        services=tuple(_service(day, index) for index in range(len(day.sittings))),
        zone=zone_name(day.opens.astimezone(day.restaurant.tzinfo)),
        span=f"{day.opens:%Y-%m-%d %H:%M} to {day.closes:%H:%M} UTC",
        guests=counts.guests,
        bookings=figure(counts.bookings, WANTED),
        confirmed=figure(counts.confirmed, [State.CONFIRMED]),
        review=figure(counts.review, [State.MANUAL_REVIEW]),
        unfinished=figure(counts.unfinished, UNFINISHED),
    )


def _service(day: Day, index: int) -> str:
    """Such as "Dinner 17:00 to 00:30", in local time."""
    sitting = day.sittings[index]
    opens, closes = (moment.astimezone(day.restaurant.tzinfo) for moment in (sitting.opens, sitting.closes))
    return f"{sitting.name} {opens:%H:%M} to {closes:%H:%M}"


def _review_url(days: Sequence[Day], url: str) -> str:
    """The reviews of today's services; as the list has one span of time for all, the widest one."""
    if not days:
        return url
    return filtered(
        url,
        states=[State.MANUAL_REVIEW],
        start_at__gte=min(day.opens for day in days),
        start_at__lt=max(day.closes for day in days),
    )


def _newest(site: AdminSite, scope: Scope) -> list[BookingLine]:
    """The bookings that came in last (two queries)."""
    tables = Prefetch("allocations", queryset=Allocation.objects.filter(active=True).select_related("table"))
    rows = scope.narrow(Booking.objects.all(), "restaurant")
    rows = rows.select_related("restaurant").prefetch_related(tables)
    return [_booking_line(booking, site) for booking in rows.order_by("-created_at")[:NEWEST]]


def _booking_line(booking: Booking, site: AdminSite) -> BookingLine:
    return BookingLine(
        reference=booking.reference,
        url=reverse("admin:bookings_booking_change", args=[booking.pk], current_app=site.name),
        party_size=booking.party_size,
        restaurant=booking.restaurant.name,
        start=local_time(booking.start_at, booking.restaurant),
        received=local_time(booking.created_at, booking.restaurant),
        tables=tuple(sorted(allocation.table.number for allocation in booking.allocations.all())),
        look=look(booking.assignment_state),
    )


def _sums(counts: Iterable[Mapping[State, int]]) -> dict[State, int]:
    parts = list(counts)
    return {state: sum(part.get(state, 0) for part in parts) for state in State}


def _total(counts: Mapping[State, int], states: Iterable[State]) -> int:
    return sum(counts.get(state, 0) for state in states)

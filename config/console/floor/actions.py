"""What people do on the floor. Every function takes a POST, calls one use case, and shows the floor again."""

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.decorators import permission_required
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from assignments.review import claims, resolutions
from assignments.review.claims import CaseError
from assignments.review.resolutions import ConflictError
from bookings import moves, service_time
from bookings.allocations import be_alone
from bookings.intake_rules import IntakeError
from bookings.models import Booking, Restaurant
from bookings.moves import MoveError
from bookings.seating import NoSeatingError
from bookings.service_time import ServiceTimeError
from bookings.state_machine import StaleBookingError
from bookings.walk_ins import CHANNEL, walk_in
from config.console.floor.page import SERVE, floor_page
from config.console.review.rights import WORK, person
from config.console.review.toast import remember
from observability.scope import scope_of

Step = Callable[..., Booking]

#: What a use case says no with; the message says why.
REFUSALS = (MoveError, ServiceTimeError, NoSeatingError, StaleBookingError, IntakeError)

_DONE = {
    "check-in": "is checked in",
    "complete": "has left; its tables are free",
    "no-show": "did not come; its tables are free",
    "lock": "is locked to its tables",
    "unlock": "may be moved again",
    "move": "sits elsewhere now",
}


@require_POST
@permission_required(SERVE, raise_exception=True)
def step(request: HttpRequest, booking_id: int, action: str) -> HttpResponse:
    """One step of a booking's evening."""
    rows = scope_of(request).narrow(Booking.objects.select_related("restaurant"), "restaurant")
    booking = get_object_or_404(rows, pk=booking_id)
    try:
        with transaction.atomic():
            _act(action, booking, request)
            _log(request, booking, f"Floor: {_DONE[action]}.")
    except REFUSALS as refusal:
        return _refused(request, _words(refusal))
    messages.success(request, f"{booking.reference} {_DONE[action]}.")
    return HttpResponseRedirect(f"{reverse('admin:floor')}?{request.POST.get('back', '')}")


@require_POST
@permission_required(WORK, raise_exception=True)
def assign(request: HttpRequest, booking_id: int) -> HttpResponse:
    """A party that waits for people gets the tables somebody clicked: its case is claimed and resolved."""
    rows = scope_of(request).narrow(Booking.objects.all(), "restaurant")
    booking = get_object_or_404(rows, pk=booking_id)
    case = booking.review_cases.filter(closed_at__isnull=True).first()
    if case is None:
        state = booking.get_assignment_state_display() or "imported"
        return _refused(request, f"{booking.reference} does not wait for people any more: {state.lower()}.")
    user, now = person(request), timezone.now()
    try:
        claims.claim(case_id=case.pk, user=user, now=now)
        resolution = resolutions.seat_at(
            case_id=case.pk, tables=_tables(request.POST.get("tables", "")), user=user, now=now
        )
    except (CaseError, ConflictError) as refusal:
        if case.owner_id != user.pk:  # what was claimed for this click only is given back
            claims.release(case_id=case.pk, user=user, now=now)
        return _refused(request, str(refusal))
    remember(request, resolution)
    return HttpResponseRedirect(f"{reverse('admin:floor')}?{request.POST.get('back', '')}")


@require_POST
@permission_required("bookings.add_booking", raise_exception=True)
def seat_walk_in(request: HttpRequest) -> HttpResponse:
    """A party at the door: seated at once, or told when there will be a table."""
    rows = scope_of(request).narrow(Restaurant.objects.filter(active=True), "pk")
    restaurant = get_object_or_404(rows, pk=_number(request.POST.get("r", "")))
    form_id = _form_id(request)
    try:
        with transaction.atomic():
            # A second click waits here until the first is seated.
            be_alone(restaurant.pk)
            if form_id and (seated := _seated_by(form_id)):
                return _sent_before(request, seated)
            booking = walk_in(
                restaurant=restaurant,
                party_size=_number(request.POST.get("party", "")),
                guest_name=request.POST.get("name", "").replace("\x00", "")[:200],
                now=timezone.now(),
                idempotency_key=form_id,
                actor_id=request.user.pk,
            )
            _log(request, booking, "Floor: walked in.")
    except REFUSALS as refusal:
        return _refused(request, _words(refusal))
    messages.success(request, f"{booking.reference}, {booking.party_size} people, is seated.")
    return HttpResponseRedirect(f"{reverse('admin:floor')}?r={restaurant.pk}&b={booking.pk}")


def _form_id(request: HttpRequest) -> str | None:
    """What tells a form that is sent twice; none from a page of before it had one."""
    try:
        return str(uuid.UUID(request.POST.get("form_id", "")))
    except ValueError:
        return None


def _seated_by(form_id: str) -> Booking | None:
    return Booking.objects.filter(channel=CHANNEL, idempotency_key=form_id).first()


def _sent_before(request: HttpRequest, seated: Booking) -> HttpResponse:
    people = f"{seated.reference}, {seated.party_size} people"
    messages.info(
        request, f"This form was sent before and seated {people}. For another party fill it in anew."
    )
    return HttpResponseRedirect(f"{reverse('admin:floor')}?r={seated.restaurant_id}&b={seated.pk}")


def _act(action: str, booking: Booking, request: HttpRequest) -> None:
    common: dict[str, Any] = {
        "booking_id": booking.pk,
        "now": timezone.now(),
        "actor_id": request.user.pk,
    }
    if action == "move":
        moves.move(tables=_tables(request.POST.get("tables", "")), **common)
    elif action in ("lock", "unlock"):
        moves.pin(locked=action == "lock", **common)
    else:
        service: dict[str, Step] = {
            "check-in": service_time.check_in,
            "complete": service_time.complete,
            "no-show": service_time.mark_no_show,
        }
        service[action](**common)


def _refused(request: HttpRequest, why: str) -> HttpResponse:
    return floor_page(request, refusal=why, status=409)


def _log(request: HttpRequest, booking: Booking, message: str) -> None:
    LogEntry.objects.create(
        user=person(request),
        content_type=ContentType.objects.get_for_model(Booking),
        object_id=str(booking.pk),
        object_repr=booking.reference,
        action_flag=CHANGE,
        change_message=message,
    )


def _tables(text: str) -> list[int]:
    """The tables a form names; anything else names none, which is refused."""
    parts = text.split(",")
    return [int(part) for part in parts] if all(part.isdecimal() and len(part) < 19 for part in parts) else []


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 9 else 0


def _words(refusal: Exception) -> str:
    if isinstance(refusal, NoSeatingError) and refusal.alternatives:
        offer = refusal.alternatives[0]
        return f"{refusal.sentence} Next: {offer.sentence}."
    return str(refusal)

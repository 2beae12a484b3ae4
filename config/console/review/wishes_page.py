"""Changes guests asked for that found no table: what stands, what is wished, and people's answer."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.decorators import permission_required
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from assignments.review.deadlines import Deadline, deadline
from bookings import wish_decisions
from bookings.changes import ChangeError
from bookings.intake_rules import IntakeError
from bookings.models import ChangeWish, WishStatus
from bookings.seating import NoSeatingError
from bookings.state_machine import StaleBookingError
from bookings.wish_decisions import WishClosedError
from config.console.local_time import LocalTime, local_time
from config.console.review.rights import person
from config.console.review.rows import Due, due_words, needs_of, short_reason
from observability.scope import Scope, scope_of

SEE = "bookings.view_changewish"
DECIDE = "bookings.change_booking"

#: Wishes on the page, the most pressing first; the others come up as these are decided.
MOST = 50

#: What a decision says no with; the message says why.
REFUSALS = (ChangeError, IntakeError, NoSeatingError, StaleBookingError, WishClosedError)


@dataclass(frozen=True, kw_only=True, slots=True)
class WishRow:
    """A wish beside its booking: `now` and `then` are what stands and what is wished."""

    wish: ChangeWish
    due: Due
    now: LocalTime
    then: LocalTime
    needs: tuple[str, ...]
    why: str

    @property
    def moves_time(self) -> bool:
        return self.wish.start_at != self.wish.booking.start_at


def open_wishes(scope: Scope) -> QuerySet[ChangeWish]:
    """Open wishes of the scope, with what their rows show."""
    rows = ChangeWish.objects.filter(status=WishStatus.OPEN).select_related("booking__restaurant", "zone")
    return scope.narrow(rows, "booking__restaurant")


def wish_row(wish: ChangeWish, now: datetime) -> WishRow:
    """The wish as it is shown, from what `open_wishes` read."""
    house = wish.booking.restaurant
    return WishRow(
        wish=wish,
        due=due_words(_deadline(wish, now), now),
        now=local_time(wish.booking.start_at, house),
        then=local_time(wish.start_at, house),
        needs=needs_of(wish),
        why=short_reason(wish.reason),
    )


@require_safe
@permission_required(SEE, raise_exception=True)
def wishes(request: HttpRequest) -> HttpResponse:
    """The open wishes. The number of queries does not depend on how many there are."""
    return _page(request)


@require_POST
@permission_required(DECIDE, raise_exception=True)
def accept(request: HttpRequest, wish_id: int) -> HttpResponse:
    return _decided(request, wish_id, wish_decisions.accept, "is changed as the guest wished")


@require_POST
@permission_required(DECIDE, raise_exception=True)
def decline(request: HttpRequest, wish_id: int) -> HttpResponse:
    return _decided(request, wish_id, wish_decisions.decline, "stays as it was; tell the guest")


def _decided(request: HttpRequest, wish_id: int, decide: Callable[..., Any], done: str) -> HttpResponse:
    rows = scope_of(request).narrow(ChangeWish.objects.select_related("booking"), "booking__restaurant")
    wish = get_object_or_404(rows, pk=wish_id)
    user = person(request)
    try:
        with transaction.atomic():
            decide(wish_id=wish.pk, now=timezone.now(), actor_id=user.pk)
            LogEntry.objects.create(
                user=user,
                content_type=ContentType.objects.get_for_model(wish.booking),
                object_id=str(wish.booking_id),
                object_repr=wish.booking.reference,
                action_flag=CHANGE,
                change_message=f"Change asked for: {done}.",
            )
    except REFUSALS as refusal:
        return _page(request, refusal=f"{wish.booking.reference}: {_words(refusal)}", status=409)
    messages.success(request, f"{wish.booking.reference} {done}.")
    return HttpResponseRedirect(reverse("admin:review_wishes"))


def _page(request: HttpRequest, *, refusal: str = "", status: int = 200) -> HttpResponse:
    now, waiting = timezone.now(), open_wishes(scope_of(request))
    context = {
        **admin.site.each_context(request),
        "title": "Changes asked for",
        "rows": [wish_row(wish, now) for wish in waiting.order_by("booking__start_at", "pk")[:MOST]],
        "count": waiting.count(),
        "refusal": refusal,
        "may_decide": request.user.has_perm(DECIDE),
    }
    return TemplateResponse(request, "review/wishes.html", context, status=status)


def _deadline(wish: ChangeWish, now: datetime) -> Deadline:
    """As for a case; the booking's start or the wished one, whichever comes first, sets it."""
    first = min(wish.start_at, wish.booking.start_at)
    return deadline(opened_at=wish.created_at, start_at=first, now=now)


def _words(refusal: Exception) -> str:
    if isinstance(refusal, NoSeatingError) and refusal.alternatives:
        return f"{refusal.sentence} Next: {refusal.alternatives[0].sentence}."
    return str(refusal)

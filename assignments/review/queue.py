"""The queue: open cases, the most pressing first, with what a row shows, in a fixed number of queries."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from django.contrib.auth.models import User
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from assignments.models import NowFit, Resolution, ReviewCase
from assignments.review.deadlines import DUE_AT, LEAD, TARGET
from bookings.models import Booking
from observability.scope import Scope

#: Views everybody has: which of the open cases they show.
View = Literal["open", "call", "unclaimed", "mine", "snoozed"]

_AWAKE = Q(snoozed_until__isnull=True) | Q(snoozed_until__lte=Now())


@dataclass(frozen=True, kw_only=True, slots=True)
class Filters:
    """What the queue shows. Empty values do not narrow it."""

    view: View = "open"
    reference: str = ""
    restaurant_id: int | None = None
    reason: str = ""
    smallest_party: int | None = None
    within: timedelta | None = None


def open_cases(*, scope: Scope) -> QuerySet[ReviewCase]:
    """Open cases with their deadline; first those that would fit by now, then the most pressing."""
    fits = NowFit.objects.filter(booking=OuterRef("booking"))
    rows = scope.narrow(ReviewCase.objects.filter(closed_at__isnull=True), "booking__restaurant")
    return (
        rows.annotate(due_at=DUE_AT, now_fits=Exists(fits))
        .select_related("booking__restaurant", "booking__zone", "owner")
        .order_by("-now_fits", "due_at", "pk")
    )


def shown(rows: QuerySet[ReviewCase], filters: Filters, *, user: User) -> QuerySet[ReviewCase]:
    """The cases the filters leave."""
    return rows.filter(_of_view(filters.view, user), *_conditions(filters))


def counts(*, scope: Scope, user: User) -> Mapping[str, int]:
    """How many cases each view shows, and how many are past their deadline, in one query."""
    rows = scope.narrow(ReviewCase.objects.filter(closed_at__isnull=True), "booking__restaurant")
    views: tuple[View, ...] = ("open", "call", "unclaimed", "mine", "snoozed")
    return rows.annotate(due_at=DUE_AT).aggregate(
        **{view: Count("pk", filter=_of_view(view, user)) for view in views},
        overdue=Count("pk", filter=_AWAKE & Q(due_at__lte=Now())),
    )


def pressing(*, scope: Scope) -> tuple[int, int]:
    """How many cases are open and how many of them are past their deadline, in one query.

    Every page asks: bookings are looked up only for cases that were opened lately.
    """
    rows = scope.narrow(ReviewCase.objects.filter(_AWAKE, closed_at__isnull=True), "booking__restaurant")
    soon = Booking.objects.filter(pk=OuterRef("booking_id"), start_at__lte=Now() + LEAD)
    overdue = Q(opened_at__lte=Now() - TARGET) | Q(Exists(soon))
    found = rows.aggregate(open=Count("pk"), overdue=Count("pk", filter=overdue))
    return found["open"], found["overdue"]


def resolved_since(since: datetime, *, scope: Scope) -> QuerySet[Resolution]:
    """What people ended since then and did not take back."""
    rows = Resolution.objects.filter(created_at__gte=since, undone_at__isnull=True)
    return scope.narrow(rows, "case__booking__restaurant")


def _of_view(view: View, user: User) -> Q:
    claimed = Q(owner__isnull=False, claimed_until__gt=Now())
    return {
        "open": _AWAKE,
        "call": _AWAKE & Q(booking__start_at__lte=Now() + LEAD),
        "unclaimed": _AWAKE & ~claimed,
        "mine": claimed & Q(owner=user),
        "snoozed": ~_AWAKE,
    }[view]


def _conditions(filters: Filters) -> list[Q]:
    wanted: dict[str, Any] = {
        "booking__reference__icontains": filters.reference.strip().upper() or None,
        "booking__restaurant_id": filters.restaurant_id,
        "reason": filters.reason or None,
        "booking__party_size__gte": filters.smallest_party,
        "booking__start_at__lte": Now() + filters.within if filters.within else None,
    }
    return [Q(**{lookup: value}) for lookup, value in wanted.items() if value is not None]

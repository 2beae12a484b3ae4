"""A booking's story as JSON, to be taken along: ids, codes, figures and times, nothing of the guest.

Left out besides name, address, phone and notes are all texts that may repeat them: notes on cases, reasons
people wrote, and what mail servers answered.
"""

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from assignments.models import Attempt, ReviewCase, ShadowComparison
from assignments.review.records import log_booking
from bookings.models import Allocation, Booking, BookingMove, OutboxMessage, StateChange, WebhookDelivery
from config.console.review.rights import person
from config.console.timeline import rights
from config.console.timeline.rights import EXPORT, SEE, booking_in_scope
from observability.models import Event

_BOOKING = (
    "reference", "restaurant_id", "party_size", "start_at", "end_at", "status", "channel", "zone_id",
    "requires", "locked", "assignment_state", "assignment_state_version", "assignment_strategy",
    "assignment_attempts", "assignment_path", "assignment_flag_version", "next_attempt_at", "revision",
    "created_at", "updated_at",
)  # fmt: skip


@require_safe
@permission_required((SEE, EXPORT), raise_exception=True)
def export(request: HttpRequest, reference: str) -> HttpResponse:
    """The file; chapters a person may not see are left out. Who took it along is logged."""
    booking = booking_in_scope(request, reference)
    with transaction.atomic():
        found = {"exported_at": timezone.now(), **_of_booking(booking), **_chapters(booking, request)}
        log_booking(booking, actor_id=person(request).pk, message="Exported its timeline as JSON.")
    answer = JsonResponse(found, json_dumps_params={"indent": 2, "ensure_ascii": False})
    answer["Content-Disposition"] = f'attachment; filename="{booking.reference}.json"'
    return answer


def _of_booking(booking: Booking) -> dict[str, Any]:
    return {"booking": {name: getattr(booking, name) for name in _BOOKING}}


def _chapters(booking: Booking, request: HttpRequest) -> dict[str, Any]:
    """The rows of each chapter by its name, oldest first (a query each)."""
    wanted = ((SEE, "state_history", _history(booking)), *_guarded(booking))
    return {name: list(rows) for right, name, rows in wanted if request.user.has_perm(right)}


def _guarded(booking: Booking) -> tuple[tuple[str, str, QuerySet[Any, Any]], ...]:
    """Right, name and rows of each chapter with a right of its own."""
    return (
        (rights.ATTEMPTS, "attempts", _rows(Attempt, booking, "attempt_no strategy result reason metadata")),
        (rights.EVENTS, "events", _events(booking)),
        (rights.ALLOCATIONS, "allocations", _allocations(booking)),
        (
            rights.MOVES,
            "moves",
            _rows(BookingMove, booking, "from_tables to_tables cause for_booking_id actor_id"),
        ),
        (
            rights.MAILS,
            "mails",
            _rows(OutboxMessage, booking, "kind revision status attempts resends sent_at"),
        ),
        (
            rights.WEBHOOKS,
            "webhooks",
            _rows(WebhookDelivery, booking, "event version status attempts answer sent_at"),
        ),
        (rights.CASES, "cases", _cases(booking)),
        (rights.COMPARISON, "comparisons", _comparison(booking)),
    )


def _rows(model: Any, booking: Booking, columns: str) -> QuerySet[Any, Any]:
    rows: QuerySet[Any, Any] = (
        model.objects.filter(booking=booking).order_by("pk").values(*columns.split(), "created_at")
    )
    return rows


def _history(booking: Booking) -> QuerySet[Any, Any]:
    return _rows(StateChange, booking, "version from_state to_state reason actor_id metadata")


def _events(booking: Booking) -> QuerySet[Any, Any]:
    rows = Event.objects.filter(booking_id=booking.pk).order_by("created_at", "id")
    return rows.values("source", "event_type", "severity", "context", "created_at")


def _allocations(booking: Booking) -> QuerySet[Any, Any]:
    rows = Allocation.objects.filter(booking=booking).order_by("pk")
    return rows.values("table_id", "period__startswith", "period__endswith", "active", "created_at")


def _cases(booking: Booking) -> QuerySet[Any, Any]:
    rows = ReviewCase.objects.filter(booking=booking).order_by("pk")
    return rows.values("opened_version", "opened_at", "reason", "closed_at", "closed_to", "closed_by_id")


def _comparison(booking: Booking) -> QuerySet[Any, Any]:
    return _rows(
        ShadowComparison,
        booking,
        "comparison legacy_outcome legacy_reason legacy_tables legacy_score v3_outcome v3_reason v3_tables "
        "v3_score v3_strategy v3_rung duration_ms flag_version",
    )

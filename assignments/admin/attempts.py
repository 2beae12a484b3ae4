"""Attempts and permits in the console, and the attempts on a booking's page: plans, scores, and why not."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib import admin
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from assignments.decision_text import Names, most_seated, names_for, sentence
from assignments.engine.rejections import WHY_SENTENCES, Why
from assignments.models import Attempt, AttemptResult, Slot
from bookings.admin.history import OfBookingAdmin
from bookings.admin.sections import Section, booking_section
from bookings.display import show
from bookings.models import Booking
from observability.admin import ViewOnlyAdmin, utc_moment

#: Attempts carry their whole decision, so the page shows fewer of them than of other rows.
MOST_ATTEMPTS = 20

_MARKS = {
    AttemptResult.SUCCESS: ("good", "ok"),
    AttemptResult.FAILURE: ("watch", "warn"),
    AttemptResult.ERROR: ("critical", "bad"),
    AttemptResult.LOST: ("critical", "bad"),
}


def result_chip(result: str) -> SafeString:
    """What an attempt came to."""
    tone, icon = _MARKS[AttemptResult(result)]
    return show.chip(AttemptResult(result).label.capitalize(), tone, icon)


@admin.register(Attempt)
class AttemptAdmin(OfBookingAdmin[Attempt]):
    list_display = ["when", "booking", "attempt_no", "outcome", "strategy", "why"]
    list_filter = ["result"]
    ordering = ["-id"]
    fields = ["when", "booking", "attempt_no", "outcome", "strategy", "why", "decision"]
    readonly_fields = ["when", "outcome", "why", "decision"]

    @admin.display(description="Result", ordering="result")
    def outcome(self, attempt: Attempt) -> SafeString:
        return result_chip(attempt.result)

    @admin.display(description="Reason")
    def why(self, attempt: Attempt) -> SafeString | str:
        return _reason(attempt.reason)

    @admin.display(description="Decision")
    def decision(self, attempt: Attempt) -> str:
        names = names_for(attempt.booking.restaurant, _readable(attempt.metadata))
        return render_to_string("bookings/sections/decision.html", {"row": _row(attempt, names)})


@admin.register(Slot)
class SlotAdmin(ViewOnlyAdmin[Slot]):
    restaurant_path = "restaurant"
    list_display = ["restaurant", "number", "booking", "lease"]
    list_filter = [("booking", admin.EmptyFieldListFilter)]
    list_select_related = ["restaurant", "booking"]
    search_fields = ["restaurant__name", "booking__reference"]
    ordering = ["restaurant__name", "number"]
    fields = ["restaurant", "number", "booking", "lease"]
    readonly_fields = ["lease"]

    @admin.display(description="Lease until", ordering="lease_until")
    def lease(self, slot: Slot) -> SafeString | str:
        return utc_moment(slot.lease_until)


@booking_section(30)
def attempts(booking: Booking) -> Section:
    """The booking's latest attempts, with names read once for all of them."""
    latest = booking_attempts(booking)
    found, more = latest[:MOST_ATTEMPTS], len(latest) > MOST_ATTEMPTS
    names = names_for(booking.restaurant, _together(attempt.metadata for attempt in found))
    return Section(
        title="Attempts",
        template="bookings/sections/attempts.html",
        rows=[_row(attempt, names) for attempt in found],
        more=more,
        all_url=f"{reverse('admin:assignments_attempt_changelist')}?q={booking.reference}",
        empty="No run has claimed it yet.",
    )


def booking_attempts(booking: Booking) -> list[Attempt]:
    """The latest attempts, one more than shown."""
    return list(Attempt.objects.filter(booking=booking).order_by("-attempt_no")[: MOST_ATTEMPTS + 1])


def _row(attempt: Attempt, names: Names) -> dict[str, Any]:
    decision = _readable(attempt.metadata)
    return {
        "number": attempt.attempt_no,
        "when": show.local_moment(attempt.created_at, names.timezone, seconds=True),
        "chip": result_chip(attempt.result),
        "strategy": attempt.strategy or show.NONE,
        "reason": _reason(attempt.reason),
        "considered": decision["considered"],
        "proof": _proof(decision["certificate"]),
        "plans": [_plan(plan, names) for plan in decision["plans"]],
        "rejections": [_rejection(item, names) for item in decision["rejections"]],
    }


def _readable(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """A decision as stored; an attempt that ended without one (an error, a lost worker) has no plans."""
    return {
        "considered": metadata.get("considered", 0),
        "certificate": metadata.get("certificate"),
        "plans": metadata.get("plans", []),
        "rejections": metadata.get("rejections", []),
    }


def _together(decisions: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """One decision that names whatever these name."""
    readable = [_readable(decision) for decision in decisions]
    return {key: [item for decision in readable for item in decision[key]] for key in ("plans", "rejections")}


def _reason(reason: str | None) -> SafeString | str:
    if reason is None:
        return show.NONE
    return format_html('{} <span class="code">{}</span>', sentence(reason), reason)


def _proof(certificate: Mapping[str, Any] | None) -> str:
    if certificate is None:
        return ""
    if certificate["kind"] == "bound":
        return (
            f"Proof: of {certificate['needed']} bookings that would have to be seated at once, "
            f"at most {most_seated(certificate)} can be."
        )
    return "Proof: every seating was looked at."


def _plan(plan: Mapping[str, Any], names: Names) -> dict[str, Any]:
    return {
        "tables": names.joined(plan["tables"]),
        "strategy": plan["strategy"],
        "score": f"{plan['score']:.3f}",
        "breakdown": ", ".join(f"{name} {value:.3f}" for name, value in plan["breakdown"].items()),
        "moves": [
            f"{names.booking(move['booking'])}: {names.joined(move['from'])} to {names.joined(move['to'])}"
            for move in plan["moves"]
        ],
    }


def _rejection(item: Mapping[str, Any], names: Names) -> dict[str, Any]:
    return {
        "tables": names.joined(item["tables"]),
        "why": WHY_SENTENCES[Why(item["why"])],
        "holders": ", ".join(names.booking(booking) for booking in item.get("bookings", ())),
        "until": names.moment(item["until"]) if item.get("until") else "",
    }

"""The timeline: state track, attempts, everything that happened, and who and what had a part in it."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from assignments.admin.attempts import attempts
from bookings.admin.booking_sections import allocations, mails, moves
from bookings.admin.sections import Section
from bookings.display import show
from bookings.display.looks import look
from bookings.models import Booking
from config.console.local_time import local_time
from config.console.timeline import chapters, rights, story
from config.console.timeline.flags_then import flags_then
from config.console.timeline.rights import SEE, booking_in_scope
from config.console.timeline.track import track_of


@require_safe
@permission_required(SEE, raise_exception=True)
def timeline(request: HttpRequest, reference: str) -> HttpResponse:
    """The page; chapters a person may not see are left out. The number of queries depends on rights only."""
    booking = booking_in_scope(request, reference)
    now, may = timezone.now(), request.user.has_perm
    track = track_of(booking, now=now)
    events = story.events_of(booking) if may(rights.EVENTS) else []
    done = story.log_entries_of(booking)
    notes = chapters.notes_of(booking) if may(rights.NOTES) else []
    cases = chapters.cases_of(booking) if may(rights.CASES) else []
    actors = [step.by for step in track.steps if step.by != "automation"]
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": f"Booking {booking.reference}",
        "booking": booking,
        "look": look(booking.assignment_state),
        "needs": show.needs(booking),
        "turn": round((booking.end_at - booking.start_at).total_seconds() / 60),
        "seating": local_time(booking.start_at, booking.restaurant),
        "received": local_time(booking.created_at, booking.restaurant),
        "track": track,
        "attempts": attempts(booking) if may(rights.ATTEMPTS) else None,
        "sections": _sections(booking, request),
        "entries": story.story(booking, events, done, notes),
        "event_count": len(events),
        "raw": story.raw(events, booking.restaurant) if "raw" in request.GET else None,
        "may_raw": may(rights.EVENTS),
        "flags": flags_then(booking, events, with_values=may(rights.FLAGS)),
        "versus": chapters.versus(booking) if may(rights.COMPARISON) else None,
        "webhooks": chapters.webhooks_of(booking) if may(rights.WEBHOOKS) else None,
        "cases": cases,
        "open_case": next((line.case for line in cases if line.case.closed_at is None), None),
        "people": chapters.people(actors, done, notes),
        "may_export": may(rights.EXPORT),
    }
    return TemplateResponse(request, "timeline/page.html", context)


def _sections(booking: Booking, request: HttpRequest) -> list[Section]:
    """Tables held, moves and mails, as on the booking's stock page."""
    wanted = ((rights.ALLOCATIONS, allocations), (rights.MOVES, moves), (rights.MAILS, mails))
    return [section(booking) for right, section in wanted if request.user.has_perm(right)]

"""Who may see a booking's story, and which chapters of it."""

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from bookings.models import Booking
from observability.scope import scope_of

SEE = "bookings.view_booking"
EXPORT = "bookings.export_booking"

EVENTS = "observability.view_event"
ATTEMPTS = "assignments.view_attempt"
ALLOCATIONS = "bookings.view_allocation"
MOVES = "bookings.view_bookingmove"
MAILS = "bookings.view_outboxmessage"
WEBHOOKS = "bookings.view_webhookdelivery"
FLAGS = "assignments.view_flagchange"
COMPARISON = "assignments.view_shadowcomparison"
CASES = "assignments.view_reviewcase"
NOTES = "assignments.view_casenote"


def booking_in_scope(request: HttpRequest, reference: str) -> Booking:
    """The booking, if its restaurant is one of this person's; Http404 as if there were none otherwise."""
    rows = scope_of(request).narrow(Booking.objects.select_related("restaurant", "zone"), "restaurant")
    return get_object_or_404(rows, reference=reference)

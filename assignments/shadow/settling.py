"""Closes comparisons that nobody made.

The commit in which legacy decides a booking also enqueues a task for later. If the worker was lost
before the shadow run, its frozen facts are lost too, and the comparison is closed as skipped. So
each booking that was decided in shadow mode has exactly one comparison, and coverage tells how many
of them compare something.
"""

from datetime import datetime

from django.db import transaction

from assignments.shadow.fence import write_fence
from assignments.shadow.rows import blank_row, insert, skipped_record
from bookings.models import Booking
from observability import events

LOST = "the worker stopped before the shadow run ended"


def close_open_comparison(*, booking_id: int, now: datetime) -> bool:
    """Store a skipped comparison unless the booking has one; return whether it was missing."""
    restaurant_id = Booking.objects.values_list("restaurant_id", flat=True).get(pk=booking_id)
    subject = {"booking_id": booking_id, "restaurant_id": restaurant_id}
    with write_fence(), transaction.atomic():
        missing = insert({**blank_row(**subject, now=now), "detail": LOST})
        if missing:
            events.record([skipped_record(**subject, reason="worker_lost", now=now)])
    return missing

"""Fixes kept with open cases, so that the queue shows the best one without asking the engine.

They grow old as the floor changes; the most pressing are found anew. What is shown is only an offer: who
applies it has the fixes found again.
"""

from datetime import datetime

from django.db import connection

from assignments.models import ReviewCase
from assignments.review.deadlines import LEAD, TARGET
from assignments.review.fixes import fixes_for
from bookings.models import Booking
from bookings.queue.tasks import enqueue

FIND_TASK = "assignments.tasks.find_fixes"

#: Cases asked for in one round of upkeep; each costs a worker up to a fifth of a second.
BATCH = 10

# `fixes_at` is when they were last asked for: a lost task is asked for again once it is old.
_CLAIM = """
UPDATE review_cases SET fixes_at = now()
WHERE id IN (
    SELECT c.id FROM review_cases c JOIN bookings b ON b.id = c.booking_id
    WHERE c.closed_at IS NULL AND b.start_at > now()
      AND (c.fixes_at IS NULL OR c.fixes_at < now() - interval '2 minutes')
    ORDER BY c.fixes IS NOT NULL,
             least(c.opened_at + make_interval(secs => %(target)s),
                   b.start_at - make_interval(secs => %(lead)s))
    LIMIT %(batch)s FOR UPDATE OF c SKIP LOCKED)
RETURNING id
"""


def ask_for_fixes(*, batch: int = BATCH) -> int:
    """Enqueue the search for those without any, then for the most pressing; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            _CLAIM, {"target": TARGET.total_seconds(), "lead": LEAD.total_seconds(), "batch": batch}
        )
        cases = [case_id for (case_id,) in cursor.fetchall()]
    for case_id in cases:
        enqueue(FIND_TASK, case_id, patient=True)
    return len(cases)


def find_fixes(*, case_id: int, now: datetime) -> None:
    """Find and keep the fixes of one case; a closed one needs none."""
    booking = (
        Booking.objects.select_related("restaurant")
        .filter(review_cases=case_id, review_cases__closed_at__isnull=True)
        .first()
    )
    if booking is None:
        return
    kept = [{**fix.as_json(), "key": fix.key} for fix in fixes_for(booking=booking, now=now)]
    ReviewCase.objects.filter(pk=case_id, closed_at__isnull=True).update(fixes=kept, fixes_at=now)

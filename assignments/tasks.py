"""Tasks of this floor: thin, ids and instants only."""

from datetime import UTC, datetime

from django.utils import timezone

from assignments.coordinator import process_booking
from assignments.review import best_fixes, freed_capacity
from observability.log_context import about_booking


def assign(booking_id: int, trigger: str) -> None:
    """Take one booking as far as it gets."""
    with about_booking(booking_id):
        process_booking(booking_id=booking_id, trigger=trigger)


def plan_reviews_again(restaurant_id: int, start: int, end: int) -> None:
    """Look again at the reviews around seats that became free; start and end in seconds since 1970."""
    freed_capacity.plan_reviews_again(
        restaurant_id=restaurant_id,
        start=datetime.fromtimestamp(start, UTC),
        end=datetime.fromtimestamp(end, UTC),
        now=timezone.now(),
    )


def find_fixes(case_id: int) -> None:
    """Find the fixes of an open case, for the queue to show."""
    best_fixes.find_fixes(case_id=case_id, now=timezone.now())

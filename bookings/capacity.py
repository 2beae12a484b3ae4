"""Announces seats that became free, so that bookings which found none are looked at again."""

from datetime import datetime

from bookings.queue.tasks import enqueue

FREED_TASK = "assignments.tasks.plan_reviews_again"


def announce_freed(*, restaurant_id: int, start: datetime, end: datetime) -> None:
    """Have open reviews around [start, end) planned again once this transaction commits."""
    enqueue(FREED_TASK, restaurant_id, int(start.timestamp()), int(end.timestamp()))

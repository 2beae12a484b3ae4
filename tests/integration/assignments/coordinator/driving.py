"""Runs of the coordinator on the real database, at a clock that stands still or that things happen at."""

from collections.abc import Callable
from datetime import datetime

from assignments.coordinator import process_booking
from assignments.edge import Edge
from bookings.models import Booking
from tests.factories import NOW

#: The clock stands at NOW, and retries come without jitter.
EDGE = Edge(clock=lambda: NOW, jitter=lambda: 0.0)


def assign(booking: Booking, edge: Edge = EDGE) -> object:
    outcome = process_booking(booking_id=booking.pk, trigger="test", edge=edge)
    booking.refresh_from_db()
    return outcome


def interrupting(action: Callable[[], object], *, at_read: int = 2) -> Edge:
    """An edge whose clock does `action` when it is read that often.

    A run reads it first for the claim, then for the facts, and then for the commit.
    """
    reads = 0

    def clock() -> datetime:
        nonlocal reads
        reads += 1
        if reads == at_read:
            action()
        return NOW

    return Edge(clock=clock, jitter=lambda: 0.0)


def failing() -> Edge:
    """An edge whose clock breaks once, between claim and finish, and works for what deals with the error."""

    def broken() -> None:
        raise RuntimeError("broken clock")

    return interrupting(broken)

"""Drives the legacy path as the coordinator does: under the booking's lock, and shadow after it."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import connection

from assignments.edge import Edge
from assignments.engine.compare import Comparison
from assignments.engine.flags import Mode
from assignments.engine.reasons import Reason
from assignments.legacy import Processed, process
from assignments.outcomes import Noop, Outcome
from assignments.protection.locks import booking_lock
from assignments.shadow import compare
from bookings.models import Booking
from observability.models import Event
from tests.factories import NOW

#: The clock stands at NOW.
EDGE = Edge(clock=lambda: NOW, jitter=lambda: 0.0)


def run(
    booking: Booking, *, mode: Mode = Mode.DISABLED, edge: Edge = EDGE, refused: Reason | None = None
) -> Processed:
    """One run, without the lock."""
    fresh = Booking.objects.select_related("restaurant").get(pk=booking.pk)
    found = process(booking=fresh, trigger="test", edge=edge, mode=mode, flag_version=7, refused=refused)
    booking.refresh_from_db()
    return found


def decide(booking: Booking, *, edge: Edge = EDGE, refused: Reason | None = None) -> Outcome:
    """One run of legacy alone."""
    return run(booking, edge=edge, refused=refused).outcome


def deliver(booking_id: int, mode: Mode = Mode.DISABLED) -> Outcome:
    """One delivery as a worker gets it: lock, look, run."""
    with booking_lock(booking_id) as lock:
        booking = Booking.objects.select_related("restaurant").get(pk=booking_id)
        if not lock.held or booking.assignment_state != "created":
            return Noop(reason="idle")
        return process(booking=booking, trigger="test", edge=EDGE, mode=mode, flag_version=7).outcome


def shadowed(booking: Booking, *, refused: Reason | None = None) -> Comparison | None:
    """One run of legacy with the shadow run after it."""
    deciding = run(booking, mode=Mode.SHADOW, refused=refused).deciding
    return compare(deciding=deciding, now=NOW) if deciding else None


def exhaust(booking: Booking) -> None:
    """Let all attempts of a booking that does not fit fail, as its retries would."""
    for _ in range(4):
        decide(booking)


def lapse(booking: Booking) -> None:
    """Let the lease of an attempt be over."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE bookings SET next_attempt_at = now() - interval '1 min' WHERE id = %s", [booking.pk]
        )


def interrupting(action: Callable[[], object], *, at: int = 2) -> Edge:
    """A clock that does something else when it is read the `at`-th time; the second is after the claim."""
    reads = 0

    def clock() -> datetime:
        nonlocal reads
        reads += 1
        if reads == at:
            action()
        return NOW

    return Edge(clock=clock, jitter=lambda: 0.0)


def contexts(booking: Booking, event_type: str) -> list[dict[str, object]]:
    """The contexts of a booking's events of one type, in order."""
    rows = Event.objects.filter(booking_id=booking.pk, event_type=event_type).order_by("id")
    return list(rows.values_list("context", flat=True))


def in_minutes(booking: Booking, minutes: int) -> Edge:
    """A clock that stands `minutes` before the booking's start."""
    return Edge(clock=lambda: booking.start_at - timedelta(minutes=minutes), jitter=lambda: 0.0)

"""What the coordinator tells, written as events: enough of it for gates and guard to judge."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from bookings.models import Booking
from observability import events
from observability.events import Record

_numbers = count(1_000_000)


def outcomes(
    restaurant_id: int, *, at: datetime, confirmed: int = 0, reviewed: int = 0, reason: str = "no_assignment"
) -> None:
    """Bookings that reached their outcome on V3, a second apart and the last at `at`."""
    ends = ["confirmed"] * confirmed + ["manual_review"] * reviewed
    moments = (at - timedelta(seconds=n) for n in range(len(ends)))
    records = [_reached(restaurant_id, end, reason, when) for end, when in zip(ends, moments, strict=False)]
    events.record([record for pair in records for record in pair])


def failures(restaurant_id: int, *, at: datetime, number: int) -> None:
    """Bookings that the coordinator started and failed on."""
    events.record(
        [
            record
            for booking in (next(_numbers) for _ in range(number))
            for record in (
                told(restaurant_id, booking, "coordinator.start", at, mode="active", trigger="test"),
                told(restaurant_id, booking, "coordinator.error", at, error_class="E", error_id="1"),
            )
        ]
    )


def runs(restaurant_id: int, *, at: datetime, duration_ms: float, wait_ms: float, number: int) -> None:
    """Runs that confirmed a booking, with the time they took and waited for the lock."""

    def of_one(booking: int) -> Iterator[Record]:
        yield told(restaurant_id, booking, "coordinator.lock_acquired", at, wait_ms=wait_ms, ttl_ms=30_000)
        yield told(
            restaurant_id, booking, "coordinator.confirmed", at, attempts=1, duration_ms=duration_ms, moves=0
        )

    events.record([record for _ in range(number) for record in of_one(next(_numbers))])


def breaker(*, opened: datetime, closed: datetime | None = None) -> None:
    """The breaker opened, and closed again if it did."""
    events.record([told(1, None, "coordinator.circuit_open", opened, failures=5, delay_ms=1000)])
    if closed:
        open_ms = int((closed - opened).total_seconds() * 1000)
        events.record([told(1, None, "coordinator.circuit_closed", closed, open_ms=open_ms)])


def mail_sent(booking: Booking, *, at: datetime) -> None:
    """The mail server took the booking's confirmation."""
    events.record(
        [
            Record(
                source=events.OUTBOX,
                event_type="mail.sent",
                at=at,
                booking_id=booking.pk,
                restaurant_id=booking.restaurant_id,
                context={"kind": "confirmation", "attempt": 1},
            )
        ]
    )


def told(restaurant_id: int, booking: int | None, event_type: str, at: datetime, **context: Any) -> Record:
    return Record(
        source=events.COORDINATOR,
        event_type=event_type,
        at=at,
        booking_id=booking,
        restaurant_id=restaurant_id,
        context=context,
    )


def _reached(restaurant_id: int, end: str, reason: str, at: datetime) -> tuple[Record, Record]:
    booking = next(_numbers)
    why = {"reason": reason} if end == "manual_review" else {}
    return (
        told(restaurant_id, booking, "coordinator.start", at, mode="active", trigger="test"),
        Record(
            source=events.STATE_MACHINE,
            event_type="booking.assignment_state_transition",
            at=at,
            booking_id=booking,
            restaurant_id=restaurant_id,
            context={"from": "assigned", "to": end, "version": 6, "mode": "active", **why},
        ),
    )

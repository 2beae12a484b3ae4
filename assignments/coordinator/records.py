"""The coordinator's own events: what it did beside moving the booking."""

from datetime import datetime, timedelta
from functools import partial

from assignments.engine.reasons import Reason
from assignments.protection.breaker import Answer, Verdict
from assignments.protection.locks import TTL_SECONDS, Grant
from assignments.records import event, log_error
from bookings.models import Booking
from observability import events

#: Events about a booking, of source `assignment.coordinator` and `assignment.engine`.
coordinator_event = partial(event, events.COORDINATOR)
engine_event = partial(event, events.ENGINE)


def record_idle(booking: Booking, why: str, lock: Grant, now: datetime) -> None:
    """Nothing was to do, or another worker has the booking."""
    records = [coordinator_event(booking, "coordinator.noop", now, reason=why)]
    if not lock.held:
        records.append(
            coordinator_event(
                booking,
                "coordinator.lock_contention",
                now,
                wait_ms=lock.wait_ms,
                ttl_ms=TTL_SECONDS * 1000,
            )
        )
    events.record(records)


def record_refusal(booking: Booking, reason: Reason, now: datetime) -> None:
    """The booking went to people before any table was looked for."""
    events.record(
        [
            coordinator_event(
                booking,
                "coordinator.manual_review",
                now,
                severity=events.Severity.NOTICE,
                reason=reason,
                attempts=0,
                duration_ms=0,
            )
        ]
    )


def record_return(booking: Booking, reason: Reason, delay: timedelta, now: datetime) -> None:
    """The task comes back without an attempt having been made."""
    events.record(
        [
            coordinator_event(
                booking,
                "coordinator.retry",
                now,
                reason=reason,
                delay_ms=_ms(delay),
                attempts=booking.assignment_attempts - booking.assignment_cycle_start,
                duration_ms=0,
            )
        ]
    )


def record_error(booking: Booking, error: Exception, now: datetime) -> None:
    """Log and record an unexpected error under one id."""
    error_id = log_error(error, booking.reference)
    events.record(
        [
            coordinator_event(
                booking,
                "coordinator.error",
                now,
                severity=events.Severity.ERROR,
                error_class=type(error).__name__,
                error_id=error_id,
            )
        ]
    )


def record_circuit(booking: Booking, answer: Answer, now: datetime) -> None:
    """The run changed the circuit: how long it is and was open decides about a rollback."""
    if answer.verdict is Verdict.OPENED:
        events.record(
            [
                coordinator_event(
                    booking,
                    "coordinator.circuit_open",
                    now,
                    severity=events.Severity.ERROR,
                    failures=answer.failures,
                    delay_ms=_ms(answer.delay),
                    open_ms=_ms(answer.open_for),
                )
            ]
        )
    if answer.verdict is Verdict.RECLOSED:
        events.record(
            [coordinator_event(booking, "coordinator.circuit_closed", now, open_ms=_ms(answer.open_for))]
        )


def _ms(duration: timedelta) -> int:
    return round(duration.total_seconds() * 1000)

"""The coordinator's own events: what it did beside moving the booking."""

import logging
import traceback
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from assignments.engine.reasons import Reason
from assignments.protection.breaker import Answer, Verdict
from assignments.protection.locks import TTL_SECONDS, Grant
from bookings.models import Booking
from observability import events

logger = logging.getLogger(__name__)


def coordinator_event(
    booking: Booking,
    event_type: str,
    now: datetime,
    *,
    severity: events.Severity = events.Severity.INFO,
    **context: Any,
) -> events.Record:
    """An event of source `assignment.coordinator` about a booking."""
    return _event(events.COORDINATOR, booking, event_type, now, severity, context)


def engine_event(booking: Booking, event_type: str, now: datetime, **context: Any) -> events.Record:
    """An event of source `assignment.engine` about a booking."""
    return _event(events.ENGINE, booking, event_type, now, events.Severity.INFO, context)


def _event(
    source: str,
    booking: Booking,
    event_type: str,
    now: datetime,
    severity: events.Severity,
    context: Mapping[str, Any],
) -> events.Record:
    return events.Record(
        source=source,
        event_type=event_type,
        at=now,
        severity=severity,
        restaurant_id=booking.restaurant_id,
        booking_id=booking.pk,
        context=context,
    )


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
    """Log and record an unexpected error under one id.

    Its message stays out of both: a database error quotes the row, which holds the guest.
    """
    error_id = uuid.uuid4().hex[:12]
    frames = "".join(traceback.format_tb(error.__traceback__))
    logger.error("error %s (%s) on %s\n%s", error_id, type(error).__name__, booking.reference, frames)
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

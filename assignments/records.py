"""What any path writes down about a run: its events, its attempt, and the booking's summary of it."""

import logging
import traceback
import uuid
from datetime import datetime
from typing import Any

from assignments.engine.plans import Decision
from assignments.engine.reasons import Reason
from assignments.models import Attempt, AttemptResult
from bookings.models import Booking
from observability import events

logger = logging.getLogger(__name__)

_RESULTS = {None: AttemptResult.SUCCESS, Reason.ERROR: AttemptResult.ERROR}


def event(
    source: str,
    booking: Booking,
    event_type: str,
    now: datetime,
    *,
    severity: events.Severity = events.Severity.INFO,
    **context: Any,
) -> events.Record:
    """An event about a booking."""
    return events.Record(
        source=source,
        event_type=event_type,
        at=now,
        severity=severity,
        restaurant_id=booking.restaurant_id,
        booking_id=booking.pk,
        context=context,
    )


def log_error(error: BaseException, subject: str) -> str:
    """Log an unexpected error and return the id it goes by.

    Its message stays out: a database error quotes the row, which holds the guest.
    """
    error_id = uuid.uuid4().hex[:12]
    frames = "".join(traceback.format_tb(error.__traceback__))
    logger.error("error %s (%s) on %s\n%s", error_id, type(error).__name__, subject, frames)
    return error_id


def last_result(
    booking: Booking, *, source: str, reason: Reason | None, strategy: str | None, duration_ms: float
) -> dict[str, Any]:
    """The booking's summary of its latest run, in the keys the monitoring queries read."""
    return {
        "source": source,
        "success": reason is None,
        "reason": reason,
        "strategy": strategy,
        "duration_ms": duration_ms,
        "emailSent": reason is None and bool(booking.guest_email),
    }


def result_of(reason: Reason | None) -> AttemptResult:
    """How an attempt ended that failed for `reason`, or for none."""
    return _RESULTS.get(reason, AttemptResult.FAILURE)


def save_attempt(
    *,
    booking: Booking,
    attempt_no: int,
    decision: Decision | None,
    strategy: str | None,
    reason: Reason | None,
    now: datetime,
    **metadata: Any,
) -> None:
    """Write an attempt's row in the current transaction; its number is the booking's only once."""
    Attempt.objects.create(
        booking=booking,
        attempt_no=attempt_no,
        strategy=strategy,
        result=result_of(reason),
        reason=reason,
        metadata={**(decision.as_json() if decision else {}), **metadata},
        created_at=now,
    )


def save_lost_attempt(*, booking: Booking, attempt_no: int, now: datetime) -> int:
    """Write down an attempt nobody ended; return how many in a row of its cycle were lost like this."""
    Attempt.objects.create(
        booking=booking,
        attempt_no=attempt_no,
        result=AttemptResult.LOST,
        reason=Reason.ERROR,
        metadata={"detail": "the worker stopped before the attempt ended"},
        created_at=now,
    )
    results = Attempt.objects.filter(booking=booking, attempt_no__gt=booking.assignment_cycle_start).order_by(
        "-attempt_no"
    )
    lost = 0
    for result in results.values_list("result", flat=True):
        if result != AttemptResult.LOST:
            break
        lost += 1
    return lost

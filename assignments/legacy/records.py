"""The legacy planner's own events, and its unexpected errors."""

import logging
import traceback
import uuid
from datetime import datetime
from typing import Any

from bookings.models import Booking
from observability import events

logger = logging.getLogger(__name__)


def auto_assign_event(
    booking: Booking,
    event_type: str,
    now: datetime,
    *,
    severity: events.Severity = events.Severity.INFO,
    **context: Any,
) -> events.Record:
    """An event of source `auto_assign` about a booking."""
    return events.Record(
        source=events.AUTO_ASSIGN,
        event_type=event_type,
        at=now,
        severity=severity,
        restaurant_id=booking.restaurant_id,
        booking_id=booking.pk,
        context=context,
    )


def log_error(error: BaseException, subject: str) -> str:
    """Log an unexpected error without its message, which may quote a guest; return the id it goes by."""
    error_id = uuid.uuid4().hex[:12]
    frames = "".join(traceback.format_tb(error.__traceback__))
    logger.error("error %s (%s) on %s\n%s", error_id, type(error).__name__, subject, frames)
    return error_id

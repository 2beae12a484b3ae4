"""Events of mails: ids, kind and counts only, never the guest."""

from collections.abc import Iterable
from datetime import datetime

from bookings.models import OutboxMessage
from observability import events


def tell(
    event_type: str,
    messages: Iterable[OutboxMessage],
    *,
    at: datetime,
    severity: events.Severity = events.Severity.INFO,
) -> None:
    """Record one event of this type for each mail, in the current transaction."""
    events.record([mail_event(event_type, message, at=at, severity=severity) for message in messages])


def mail_event(
    event_type: str, message: OutboxMessage, *, at: datetime, severity: events.Severity
) -> events.Record:
    """The event of one mail."""
    return events.Record(
        source=events.OUTBOX,
        event_type=event_type,
        severity=severity,
        at=at,
        restaurant_id=message.booking.restaurant_id,
        booking_id=message.booking_id,
        context={"kind": message.kind, "attempt": message.attempts},
    )

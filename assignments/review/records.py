"""What every action on a case leaves behind: an event, and a line in the log of changes."""

from datetime import datetime

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType

from assignments.models import ReviewCase
from bookings.models import Booking
from observability import events


def tell(case: ReviewCase, event_type: str, *, now: datetime, action: str, reason: str | None = None) -> None:
    """Record an event about the case in the current transaction; texts of people have no place in it."""
    events.record(
        [
            events.Record(
                source=events.REVIEW,
                event_type=event_type,
                at=now,
                restaurant_id=case.booking.restaurant_id,
                booking_id=case.booking_id,
                context={
                    "action": action,
                    "reason": reason,
                    "seconds_open": round((now - case.opened_at).total_seconds()),
                },
            )
        ]
    )


def log(case: ReviewCase, *, actor_id: int, message: str) -> None:
    """Add to the log of changes, in the current transaction, what somebody did about the case's booking."""
    log_booking(case.booking, actor_id=actor_id, message=message)


def log_booking(booking: Booking, *, actor_id: int, message: str) -> None:
    """The same about a booking that need not have a case."""
    LogEntry.objects.create(
        user_id=actor_id,
        content_type=ContentType.objects.get_for_model(Booking),
        object_id=str(booking.pk),
        object_repr=booking.reference,
        action_flag=CHANGE,
        change_message=message,
    )

"""Wishes that found no table: kept for people, one open at a time for a booking."""

from datetime import datetime

from bookings.models import Booking, ChangeWish, WishStatus
from bookings.wishes import Wish
from observability import events


def open_wish(*, booking: Booking, wish: Wish, reason: str, now: datetime) -> ChangeWish:
    """Keep the wish for people, in place of an earlier one; the caller has locked the booking."""
    withdraw_wish(booking=booking, now=now)
    row = ChangeWish.objects.create(booking=booking, reason=reason, created_at=now, **wish.columns())
    _tell(booking, "case.change_wished", now, action="change", reason=reason)
    return row


def withdraw_wish(*, booking: Booking, now: datetime) -> None:
    """Close the booking's open wish, if any: a change or a cancellation overtook it."""
    still_open = ChangeWish.objects.filter(booking=booking, status=WishStatus.OPEN)
    if still_open.update(status=WishStatus.WITHDRAWN, closed_at=now):
        _tell(booking, "case.change_resolved", now, action=WishStatus.WITHDRAWN.value)


def close_wish(*, wish: ChangeWish, status: WishStatus, now: datetime, actor_id: int | None = None) -> None:
    """Close an open wish as people decided; the caller has locked the booking."""
    wish.status, wish.actor_id, wish.closed_at = status, actor_id, now
    wish.save(update_fields=["status", "actor", "closed_at"])
    _tell(wish.booking, "case.change_resolved", now, action=status.value)


def _tell(booking: Booking, event_type: str, now: datetime, **context: str) -> None:
    events.record(
        [
            events.Record(
                source=events.REVIEW,
                event_type=event_type,
                at=now,
                restaurant_id=booking.restaurant_id,
                booking_id=booking.pk,
                context=context,
            )
        ]
    )

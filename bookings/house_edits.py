"""Edits of a house's zones and rules: services, closures, turn times, pacing.

They are for what comes in. Whoever has been promised a table keeps it; `left_outside` tells whom that is.
What takes seats from bookings goes by `bookings.floor_plan_edits` and `bookings.withdrawals`, whose events
tell what became of the bookings; `tell` adds what was edited, also where nobody sat.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Literal, TypeAlias

from django.db import transaction

from bookings.calendar import Calendar
from bookings.models import (
    Booking,
    BookingStatus,
    Closure,
    PacingLimit,
    Restaurant,
    ServicePeriod,
    Table,
    TableBlock,
    TurnTime,
    Zone,
)
from observability import events

HouseRow: TypeAlias = Zone | TableBlock | ServicePeriod | TurnTime | PacingLimit | Closure
Action = Literal["added", "changed", "removed", "out_of_service"]


def save(*, row: HouseRow, fields: Collection[str], now: datetime, actor_id: int) -> None:
    """Write a new row, or those `fields` of one that stands, with an event, in one transaction."""
    with transaction.atomic():
        action: Action = "changed" if row.pk else "added"
        row.save(update_fields=fields if row.pk else None)
        tell(row, action, fields=fields, now=now, actor_id=actor_id)


def remove(*, row: HouseRow, now: datetime, actor_id: int) -> None:
    """Delete a row, with an event, in one transaction."""
    with transaction.atomic():
        tell(row, "removed", now=now, actor_id=actor_id)
        row.delete()


def left_outside(
    *, restaurant: Restaurant, before: Calendar, after: Calendar, now: datetime
) -> list[Booking]:
    """Bookings to come that the services took before and would not take after, by their start."""
    to_come = Booking.objects.filter(
        restaurant=restaurant, start_at__gte=now, status__in=[BookingStatus.PENDING, BookingStatus.CONFIRMED]
    ).order_by("start_at", "pk")
    return [booking for booking in to_come if _takes(before, booking) and not _takes(after, booking)]


def _takes(calendar: Calendar, booking: Booking) -> bool:
    sitting = calendar.sitting_at(booking.start_at)
    return sitting is not None and sitting.takes(booking.start_at, booking.end_at)


def tell(
    row: HouseRow | Table, action: Action, *, fields: Iterable[str] = (), now: datetime, actor_id: int
) -> None:
    """Record in the current transaction that somebody edited the row."""
    events.record(
        [
            events.Record(
                source=events.BOOKINGS,
                event_type="house.edited",
                at=now,
                restaurant_id=row.restaurant_id,
                context={
                    "thing": type(row).__name__.lower(),
                    "row": row.pk,
                    "action": action,
                    "fields": sorted(fields),
                    "actor": actor_id,
                },
            )
        ]
    )

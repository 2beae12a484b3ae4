"""Takes tables out of service and back: whoever holds one gets another, or is planned again; nobody is lost.

What becomes of the bookings is told in `bookings.displacing`.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from bookings.allocations import be_alone
from bookings.capacity import announce_freed
from bookings.displacing import Displaced, Fate, Order, counts, find_another, holders
from bookings.intake_rules import FURTHEST_AHEAD
from bookings.models import Restaurant, Table, TableBlock
from observability import events


class WithdrawalError(ValueError):
    """A withdrawal that makes no sense: `field` names what is wrong, the message the way out."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


@dataclass(frozen=True, kw_only=True, slots=True)
class Withdrawal:
    """What a withdrawal did, or would do; `block` is there if it was a block that was placed."""

    table: Table
    displaced: tuple[Displaced, ...]
    block: TableBlock | None = None

    def with_fate(self, fate: Fate) -> list[Displaced]:
        return [item for item in self.displaced if item.fate == fate]


def place_block(
    *,
    table: Table,
    start: datetime,
    end: datetime,
    reason: str = "",
    now: datetime,
    actor_id: int | None = None,
) -> Withdrawal:
    """Take a table out of service over [start, end) and give its bookings other seats, in one transaction.

    Raises WithdrawalError for a period that is none or over.
    """
    _check_period(start, end, now)
    with transaction.atomic():
        be_alone(table.restaurant_id)
        block = TableBlock.objects.create(
            restaurant_id=table.restaurant_id, table=table, start_at=start, end_at=end, reason=reason
        )
        displaced = _displace(table, start, end, now=now, actor_id=actor_id)
    return Withdrawal(table=table, displaced=displaced, block=block)


def deactivate_table(*, table_id: int, now: datetime, actor_id: int | None = None) -> Withdrawal:
    """Take a table out of the floor plan and give its bookings other seats, in one transaction.

    A table that is out already is left as it is.
    """
    with transaction.atomic():
        table = Table.objects.get(pk=table_id)
        be_alone(table.restaurant_id)
        table.refresh_from_db()
        if not table.active:
            return Withdrawal(table=table, displaced=())
        displaced = _displace(table, now, None, now=now, actor_id=actor_id)
        # Only now: seats are looked for in the floor plan that every process knows, this table left out.
        Table.objects.filter(pk=table_id).update(active=False)
        table.active = False
    return Withdrawal(table=table, displaced=displaced)


def reactivate_table(*, table_id: int, now: datetime, actor_id: int | None = None) -> Table:
    """Put a table back into the floor plan; open reviews are looked at again."""
    with transaction.atomic():
        returned = Table.objects.filter(pk=table_id, active=False).update(active=True)
        table = Table.objects.get(pk=table_id)
        if returned:
            announce_freed(restaurant_id=table.restaurant_id, start=now, end=now + FURTHEST_AHEAD)
            _record("table.returned", table, now, table=table.pk, actor=actor_id)
    return table


def preview(*, table: Table, start: datetime, end: datetime | None, now: datetime) -> Withdrawal:
    """What would become of the table's bookings, if it left over [start, end), or for good without `end`.

    Nothing is changed: it is done and taken back, so that it tells what would be done.
    """
    if end is not None:
        _check_period(start, end, now)
    with transaction.atomic():
        be_alone(table.restaurant_id)
        displaced = _displace(table, start, end, now=now, actor_id=None)
        transaction.set_rollback(True)
    return Withdrawal(table=table, displaced=displaced)


def _check_period(start: datetime, end: datetime, now: datetime) -> None:
    if end <= start:
        raise WithdrawalError("end", f"{end.isoformat()} is not after the start; give a later one")
    if end <= now:
        raise WithdrawalError("end", f"{end.isoformat()} has passed; a block ends in the future")


def _displace(
    table: Table, start: datetime, end: datetime | None, *, now: datetime, actor_id: int | None
) -> tuple[Displaced, ...]:
    """Find every holder of the table another seat; the caller is alone with the restaurant's tables."""
    restaurant = Restaurant.objects.get(pk=table.restaurant_id)
    order = Order(now=now, actor_id=actor_id, without=(table.pk,))
    held = holders(tables=[table.pk], start=max(start, now), end=end)
    displaced = tuple(find_another(booking, restaurant, order) for booking in held)
    if displaced:
        _record("table.withdrawn", table, now, table=table.pk, **counts(displaced), actor=actor_id)
    return displaced


def _record(event_type: str, of: Table, now: datetime, /, **context: int | None) -> None:
    events.record(
        [
            events.Record(
                source=events.BOOKINGS,
                event_type=event_type,
                at=now,
                restaurant_id=of.restaurant_id,
                context=context,
            )
        ]
    )

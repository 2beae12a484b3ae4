"""Tables held for bookings: taken, released and exchanged, each checked by its row count.

The exclusion constraint decides who holds a table. These functions only see to it that asking never
ends in a deadlock: rows go in table order, conflicts are skipped instead of waited out, and whoever
exchanges tables of several bookings has the restaurant to itself meanwhile.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from bookings.models import Allocation, Booking, BookingMove, BookingStatus
from observability import events

#: Names the advisory locks of this module in pg_locks; the second key is the restaurant.
LOCK_CLASS = 0x7AB1


class AllocationLostError(Exception):
    """The tables are no longer as the plan found them; plan again on fresh facts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchange:
    """A seated booking that gives up `from_tables` for `to_tables`, so that another one fits."""

    booking_id: int
    from_tables: tuple[int, ...]
    to_tables: tuple[int, ...]


def hold(*, booking: Booking, tables: Sequence[int], now: datetime) -> None:
    """Hold `tables` for the booking, buffer included, in the current transaction.

    Raises AllocationLostError if one is taken, or was put out of service since the plan was made; the
    caller's transaction must then roll back.
    """
    _lock(booking.restaurant_id, exclusive=False)
    _insert([_rows(booking, tables)], booking.restaurant_id, now)


def hold_after_moves(
    *, booking: Booking, tables: Sequence[int], moves: Sequence[Exchange], cause: str, now: datetime
) -> None:
    """Move other bookings to other tables and hold `tables`, all or nothing, in the current transaction.

    Each moved booking keeps its state and version; a row in `booking_moves` and an event say why it
    sits elsewhere. Raises AllocationLostError if any of them changed since the plan was made (other
    tables, seated, pinned by staff, cancelled) or a table is taken; the caller must then roll back.
    """
    _lock(booking.restaurant_id, exclusive=True)
    moved = _lock_movable(booking.restaurant_id, moves)
    for move in moves:
        _deactivate(move)
    wanted = [_rows(moved[move.booking_id], move.to_tables) for move in moves]
    _insert([*wanted, _rows(booking, tables)], booking.restaurant_id, now)
    _record_moves(booking, moves, cause, now)


def release(*, booking: Booking) -> int:
    """Give up whatever the booking holds, in the current transaction; return how many tables."""
    return Allocation.objects.filter(booking=booking, active=True).update(active=False)


def _lock(restaurant_id: int, *, exclusive: bool) -> None:
    """Let takers of free tables pass each other, and an exchange of tables be alone with them.

    Without this an exchange, which first frees and then takes, could wait for a taker that waits
    for what it freed.
    """
    function = "pg_advisory_xact_lock" if exclusive else "pg_advisory_xact_lock_shared"
    with connection.cursor() as cursor:
        # An advisory key has 32 bits; two restaurants that share one only wait for each other.
        cursor.execute(f"SELECT {function}(%s, %s)", [LOCK_CLASS, restaurant_id % 2**31])


def _lock_movable(restaurant_id: int, moves: Sequence[Exchange]) -> dict[int, Booking]:
    """The bookings to be moved, locked in id order and still movable."""
    rows = (
        Booking.objects.select_for_update()
        .filter(
            pk__in=[move.booking_id for move in moves],
            restaurant_id=restaurant_id,
            status=BookingStatus.CONFIRMED,
            locked=False,
        )
        .order_by("pk")
    )
    found = {row.pk: row for row in rows}
    if len(found) != len(moves):
        gone = sorted({move.booking_id for move in moves} - found.keys())
        raise AllocationLostError(f"bookings {gone} can no longer be moved")
    return found


def _deactivate(move: Exchange) -> None:
    """Release exactly the tables the plan saw; more, fewer or others mean the plan is stale."""
    held = Allocation.objects.filter(booking_id=move.booking_id, active=True)
    released = held.filter(table_id__in=move.from_tables).update(active=False)
    if released != len(move.from_tables) or held.exists():
        raise AllocationLostError(f"booking {move.booking_id} no longer sits at {list(move.from_tables)}")


_Row = tuple[int, int, datetime, datetime]


def _rows(booking: Booking, tables: Iterable[int]) -> list[_Row]:
    return [(table, booking.pk, booking.start_at, booking.end_at) for table in tables]


def _insert(groups: Sequence[list[_Row]], restaurant_id: int, now: datetime) -> None:
    rows = sorted(row for group in groups for row in group)
    tables, booking_ids, starts, ends = zip(*rows, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO booking_table_allocations
                (restaurant_id, booking_id, table_id, period, active, created_at)
            SELECT r.id, booking_id, table_id,
                   tstzrange(wanted.start_at, wanted.end_at + make_interval(mins => r.buffer_minutes), '[)'),
                   true, %s
            FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[], %s::timestamptz[])
                     AS wanted(table_id, booking_id, start_at, end_at)
            JOIN tables t ON t.id = table_id AND t.active
            JOIN restaurants r ON r.id = t.restaurant_id
            WHERE r.id = %s AND NOT EXISTS (
                SELECT FROM table_blocks block WHERE block.table_id = t.id
                  AND block.end_at > wanted.start_at
                  AND block.start_at < wanted.end_at + make_interval(mins => r.buffer_minutes))
            ORDER BY table_id, wanted.start_at
            ON CONFLICT DO NOTHING
            """,
            [now, list(tables), list(booking_ids), list(starts), list(ends), restaurant_id],
        )
        if cursor.rowcount != len(rows):
            raise AllocationLostError(f"tables {sorted(set(tables))} are no longer all free and in service")


def _record_moves(booking: Booking, moves: Sequence[Exchange], cause: str, now: datetime) -> None:
    BookingMove.objects.bulk_create(
        BookingMove(
            booking_id=move.booking_id,
            from_tables=list(move.from_tables),
            to_tables=list(move.to_tables),
            cause=cause,
            for_booking=booking,
            created_at=now,
        )
        for move in moves
    )
    events.record(
        [
            events.Record(
                source=events.ALLOCATIONS,
                event_type="booking.moved",
                severity=events.Severity.NOTICE,
                at=now,
                restaurant_id=booking.restaurant_id,
                booking_id=move.booking_id,
                context={
                    "from_tables": list(move.from_tables),
                    "to_tables": list(move.to_tables),
                    "cause": cause,
                    "for_booking": booking.pk,
                },
            )
            for move in moves
        ]
    )

"""Tables held for bookings: taken, released and exchanged, each checked by its row count.

The exclusion constraint decides who holds a table. These functions only see to it that asking never
ends in a deadlock: rows go in table order, conflicts are skipped instead of waited out, and whoever
exchanges tables of several bookings has the restaurant to itself meanwhile.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from bookings.models import Allocation, Booking, BookingMove, BookingStatus, Restaurant
from bookings.wishes import Wish, wish_of
from observability import events

#: Names the advisory locks of this module in pg_locks; the second key is the restaurant.
LOCK_CLASS = 0x7AB1

_GIVE_WAY = "SELECT pg_advisory_xact_lock_shared(%s, %s)"
_BE_ALONE = "SELECT pg_advisory_xact_lock(%s, %s)"

_HOLD = """
INSERT INTO booking_table_allocations (restaurant_id, booking_id, table_id, period, active, created_at)
SELECT r.id, place.booking_id, t.id,
       tstzrange(place.start_at, place.end_at + make_interval(mins => r.buffer_minutes), '[)'), true, %(at)s
FROM {first}json_to_recordset(%(places)s::json) AS place (
         table_id bigint, booking_id bigint, start_at timestamptz, end_at timestamptz)
JOIN tables t ON t.id = place.table_id AND t.active
JOIN restaurants r ON r.id = t.restaurant_id
WHERE r.id = %(restaurant)s AND r.floor_plan_version = %(plan_version)s AND NOT EXISTS (
    SELECT FROM table_blocks block WHERE block.table_id = t.id
      AND block.end_at > place.start_at
      AND block.start_at < place.end_at + make_interval(mins => r.buffer_minutes))
ORDER BY t.id, place.start_at
ON CONFLICT DO NOTHING
"""


class AllocationLostError(Exception):
    """The tables are no longer as the plan found them; plan again on fresh facts."""

    @classmethod
    def of(cls, tables: Iterable[int]) -> "AllocationLostError":
        return cls(f"tables {sorted(set(tables))} are not all free any more, or the floor plan was edited")


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchange:
    """A seated booking that gives up `from_tables` for `to_tables`, so that another one fits.

    `wish` is what the plan saw that it asks for: changed meanwhile, it may not fit the other tables.
    """

    booking_id: int
    from_tables: tuple[int, ...]
    to_tables: tuple[int, ...]
    wish: Wish


def holding(*, after: str = "") -> str:
    """The statement that holds tables, for one that does more; once the CTE `after` has a row, if given.

    Whoever takes tables must have asked to `give_way` before, and must roll back if fewer rows were written
    than `hold_values` lists.
    """
    return _HOLD.format(first=f"{after} CROSS JOIN " if after else "")


def hold_values(*, booking: Booking, tables: Iterable[int], now: datetime) -> dict[str, Any]:
    """The parameters of `holding`; the tables were found in the floor plan of `booking.restaurant`."""
    return _values(booking.restaurant, _rows(booking, tables), now)


def hold(*, booking: Booking, tables: Sequence[int], now: datetime) -> None:
    """Hold `tables` for the booking, buffer included, in the current transaction.

    Raises AllocationLostError if one is taken, or the floor plan is no longer that of `booking.restaurant`;
    the caller's transaction must then roll back.
    """
    give_way(booking.restaurant_id)
    _insert(_rows(booking, tables), booking.restaurant, now)


def hold_after_moves(
    *,
    booking: Booking,
    tables: Sequence[int],
    moves: Sequence[Exchange],
    cause: str,
    now: datetime,
    actor_id: int | None = None,
) -> None:
    """Move other bookings to other tables and hold `tables`, all or nothing, in the current transaction.

    Each moved booking keeps its state and version; a row in `booking_moves` and an event say why it
    sits elsewhere. Raises AllocationLostError if any of them changed since the plan was made (other
    tables or wishes, seated, pinned by staff, cancelled) or a table is taken; the caller must then roll
    back.
    """
    _lock(_BE_ALONE, booking.restaurant_id)
    moved = _lock_movable(booking.restaurant_id, moves)
    for move in moves:
        _deactivate(move.booking_id, move.from_tables)
    wanted = _rows_of(moves, moved)
    _insert([*wanted, *_rows(booking, tables)], booking.restaurant, now)
    _record_moves(booking, moves, cause, now, actor_id=actor_id)


def exchange(
    *, booking: Booking, moves: Sequence[Exchange], cause: str, now: datetime, actor_id: int | None = None
) -> None:
    """Move other bookings to other tables on account of `booking`, which takes none of them.

    The caller is alone with the restaurant's tables. Raises AllocationLostError as `hold_after_moves` does.
    """
    moved = _lock_movable(booking.restaurant_id, moves)
    for move in moves:
        _deactivate(move.booking_id, move.from_tables)
    _insert(_rows_of(moves, moved), booking.restaurant, now)
    _record_moves(booking, moves, cause, now, actor_id=actor_id)


def give_way(restaurant_id: int) -> None:
    """Take tables beside others until the current transaction ends, but beside nobody who must be alone.

    Without this an exchange, which first frees and then takes, could wait for a taker that waits for what
    it freed. In a statement of its own: the next one sees what was committed while this one waited, such
    as a withdrawal, and a lock taken within it would come after its snapshot.
    """
    _lock(_GIVE_WAY, restaurant_id)


def be_alone(restaurant_id: int) -> None:
    """Keep everybody else from taking tables of the restaurant until the current transaction ends.

    To be asked for before any booking's row is locked: that is the order of all who take tables.
    """
    _lock(_BE_ALONE, restaurant_id)


def reseat(
    *,
    booking: Booking,
    held: Sequence[int],
    tables: Sequence[int],
    moves: Sequence[Exchange] = (),
    cause: str,
    now: datetime,
    actor_id: int | None = None,
) -> None:
    """Give a seated booking `tables` over its present period instead of `held`, all or nothing.

    The caller is alone with the restaurant's tables and has locked the booking. `moves` make room for it.
    Raises AllocationLostError if it does not sit at `held` any more, a moved booking changed, or a table
    is taken; the caller's transaction must then roll back.
    """
    moved = _lock_movable(booking.restaurant_id, moves)
    _deactivate(booking.pk, held)
    for move in moves:
        _deactivate(move.booking_id, move.from_tables)
    wanted = _rows_of(moves, moved)
    _insert([*wanted, *_rows(booking, tables)], booking.restaurant, now)
    _record_moves(booking, moves, cause, now)
    if set(held) != set(tables):
        own = Exchange(
            booking_id=booking.pk, from_tables=tuple(held), to_tables=tuple(tables), wish=wish_of(booking)
        )
        _record_moves(booking, [own], cause, now, for_itself=True, actor_id=actor_id)


def held_tables(booking: Booking) -> tuple[int, ...]:
    """The tables the booking holds, in order."""
    rows = Allocation.objects.filter(booking=booking, active=True).order_by("table_id")
    return tuple(rows.values_list("table_id", flat=True))


def release(*, booking: Booking) -> int:
    """Give up whatever the booking holds, in the current transaction; return how many tables."""
    return Allocation.objects.filter(booking=booking, active=True).update(active=False)


def _lock(how: str, restaurant_id: int) -> None:
    with connection.cursor() as cursor:
        # An advisory key has 32 bits; two restaurants that share one only wait for each other.
        cursor.execute(how, [LOCK_CLASS, restaurant_id % 2**31])


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
    gone = sorted(
        move.booking_id
        for move in moves
        if move.booking_id not in found or wish_of(found[move.booking_id]) != move.wish
    )
    if gone:
        raise AllocationLostError(f"bookings {gone} can no longer be moved")
    return found


def _deactivate(booking_id: int, tables: Sequence[int]) -> None:
    """Release exactly the tables the plan saw; more, fewer or others mean the plan is stale."""
    held = Allocation.objects.filter(booking_id=booking_id, active=True)
    released = held.filter(table_id__in=tables).update(active=False)
    if released != len(tables) or held.exists():
        raise AllocationLostError(f"booking {booking_id} no longer sits at {list(tables)}")


_Row = dict[str, Any]


def _rows(booking: Booking, tables: Iterable[int]) -> list[_Row]:
    start, end = booking.start_at.isoformat(), booking.end_at.isoformat()
    return [
        {"table_id": table, "booking_id": booking.pk, "start_at": start, "end_at": end} for table in tables
    ]


def _rows_of(moves: Sequence[Exchange], moved: Mapping[int, Booking]) -> list[_Row]:
    return [row for move in moves for row in _rows(moved[move.booking_id], move.to_tables)]


def _values(restaurant: Restaurant, rows: Sequence[_Row], now: datetime) -> dict[str, Any]:
    return {
        "places": json.dumps(rows),
        "restaurant": restaurant.pk,
        "plan_version": restaurant.floor_plan_version,
        "at": now,
    }


def _insert(rows: Sequence[_Row], restaurant: Restaurant, now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(holding(), _values(restaurant, rows, now))
        if cursor.rowcount != len(rows):
            raise AllocationLostError.of(row["table_id"] for row in rows)


def _record_moves(
    booking: Booking,
    moves: Sequence[Exchange],
    cause: str,
    now: datetime,
    *,
    for_itself: bool = False,
    actor_id: int | None = None,
) -> None:
    """Rows and events of the moves, made for `booking` or, `for_itself`, for nobody else."""
    room_for = None if for_itself else booking.pk
    BookingMove.objects.bulk_create(
        BookingMove(
            booking_id=move.booking_id,
            from_tables=list(move.from_tables),
            to_tables=list(move.to_tables),
            cause=cause,
            for_booking_id=room_for,
            actor_id=actor_id,
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
                    "for_booking": room_for,
                },
            )
            for move in moves
        ]
    )

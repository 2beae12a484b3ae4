"""What happens at one restaurant between two instants: who sits where, what is blocked, who has no table.

Read in a fixed number of queries, whatever the size of the house.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from bookings.models import Booking, BookingStatus, Restaurant, Table, TableBlock
from bookings.states import FINAL, State

#: A party past its end keeps its table for this long, moving on (the engine's rule).
OVERRUN = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True, slots=True)
class Seated:
    """A booking and its tables over [start, end), buffer apart."""

    pk: int
    reference: str
    party_size: int
    start: datetime
    end: datetime
    status: str
    locked: bool
    tables: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Evening:
    """All of it; `unassigned` are bookings without a table, in the order of their start."""

    restaurant: Restaurant
    opens: datetime
    closes: datetime
    now: datetime
    tables: Sequence[Table]
    seated: Sequence[Seated]
    blocks: Sequence[TableBlock]
    unassigned: Sequence[Booking]

    def overruns(self) -> list[Seated]:
        """Parties that still sit past their end."""
        return [s for s in self.seated if s.status == BookingStatus.CHECKED_IN and s.end < self.now]

    def conflicts(self) -> Mapping[int, Seated]:
        """By id: bookings whose table is still held by a party that overran, and that party."""
        until = self.now + OVERRUN
        return {
            waiting.pk: sitting
            for sitting in self.overruns()
            for waiting in self.seated
            if waiting.pk != sitting.pk
            and waiting.status == BookingStatus.CONFIRMED
            and set(waiting.tables) & set(sitting.tables)
            and sitting.end <= waiting.start < until
        }

    def covers(self) -> int:
        return sum(s.party_size for s in self.seated if s.status != BookingStatus.NO_SHOW)

    def seats_taken(self) -> int:
        """Guests who sit now."""
        return sum(s.party_size for s in self.seated if s.status == BookingStatus.CHECKED_IN)

    def seats(self) -> int:
        return sum(table.capacity for table in self.tables)


# Whoever has left or did not come holds no table any more: its last ones are those that were taken last.
_SEATED = """
SELECT b.id, b.reference, b.party_size, b.start_at, b.end_at, b.status, b.locked,
       array_agg(DISTINCT a.table_id ORDER BY a.table_id)
FROM bookings b JOIN booking_table_allocations a ON a.booking_id = b.id
WHERE b.restaurant_id = %(restaurant)s AND b.start_at < %(closes)s AND b.end_at > %(opens)s
  AND (a.active OR b.status IN ('completed', 'no_show') AND NOT EXISTS (
        SELECT FROM booking_table_allocations later
        WHERE later.booking_id = b.id AND later.created_at > a.created_at))
GROUP BY b.id ORDER BY b.start_at, b.id
"""


def evening_of(*, restaurant: Restaurant, opens: datetime, closes: datetime, now: datetime) -> Evening:
    """The evening, in four queries."""
    with connection.cursor() as cursor:
        cursor.execute(_SEATED, {"restaurant": restaurant.pk, "opens": opens, "closes": closes})
        seated = [
            Seated(
                pk=pk,
                reference=reference,
                party_size=size,
                start=start,
                end=end,
                status=status,
                locked=locked,
                tables=tuple(tables),
            )
            for pk, reference, size, start, end, status, locked, tables in cursor.fetchall()
        ]
    tables = Table.objects.filter(restaurant=restaurant).select_related("zone")
    waiting = {*(state for state in State if state not in FINAL), State.MANUAL_REVIEW}
    return Evening(
        restaurant=restaurant,
        opens=opens,
        closes=closes,
        now=now,
        tables=sorted(tables, key=lambda t: (t.zone.sort_order, t.zone.name, _natural(t.number))),
        seated=seated,
        blocks=list(TableBlock.objects.filter(restaurant=restaurant, start_at__lt=closes, end_at__gt=opens)),
        unassigned=list(
            Booking.objects.filter(
                restaurant=restaurant, start_at__lt=closes, end_at__gt=opens, assignment_state__in=waiting
            ).order_by("start_at", "pk")
        ),
    )


def _natural(number: str) -> tuple[str, int, str]:
    """T2 before T10."""
    digits = "".join(filter(str.isdigit, number))
    return number.rstrip("0123456789"), int(digits or 0), number

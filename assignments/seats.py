"""Seats people may choose for a booking: what the engine finds free, best first, without moving anybody."""

from dataclasses import dataclass
from datetime import datetime

from assignments.engine.decide import context_of
from assignments.engine.refusals import FloorPlanError
from assignments.engine.rejections import Rejection, why_not
from assignments.engine.scoring import scored
from assignments.facts_store import load_facts, table_ids
from bookings.models import Booking, Table

#: Most seats offered: a large house on a quiet evening has hundreds of sets.
MOST = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class FreeSeat:
    """Tables that suit the booking and are free over its whole period; the score lies in 0 to 1, 1 best."""

    tables: tuple[int, ...]
    score: float


def free_seats(*, booking: Booking, now: datetime) -> tuple[FreeSeat, ...]:
    """The best free seats; its own tables count as free."""
    try:
        facts, request = load_facts(booking=booking, now=now)
    except FloorPlanError:
        return ()
    context = context_of(facts, request)
    ranked = scored(context.free, context)[:MOST]
    return tuple(FreeSeat(tables=table_ids(item.candidate.tables), score=item.score) for item in ranked)


def why_not_here(*, booking: Booking, tables: tuple[int, ...], now: datetime) -> str:
    """Why the booking cannot sit at exactly these tables, in words; empty when it can."""
    try:
        facts, request = load_facts(booking=booking, now=now)
    except FloorPlanError:
        return "the restaurant has no table in service"
    found = why_not(facts, request, tables)
    return _in_words(found, booking) if found else ""


def _in_words(found: Rejection, booking: Booking) -> str:
    """Such as "T4 + T5 is held by another booking: B-7F3A, until 21:05"."""
    numbers = dict(
        Table.objects.filter(restaurant=booking.restaurant_id, pk__in=found.tables).values_list(
            "pk", "number"
        )
    )
    where = " + ".join(numbers.get(int(table), "?") for table in found.tables) or "No table"
    holders = list(
        Booking.objects.filter(pk__in=[int(pk) for pk in found.bookings]).values_list("reference", flat=True)
    )
    until = f"until {found.until.astimezone(booking.restaurant.tzinfo):%H:%M}" if found.until else ""
    details = ", ".join(filter(None, [*sorted(holders), until]))
    return f"{where}: {found.sentence}" + (f" ({details})" if details else "")

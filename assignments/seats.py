"""Seats people may choose for a booking: what the engine finds free, best first, without moving anybody."""

from dataclasses import dataclass
from datetime import datetime

from assignments.engine.decide import decide
from assignments.engine.facts import FloorPlanError
from assignments.facts_store import load_facts, table_ids
from bookings.models import Booking

#: Most seats offered.
MOST = 6


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
    plans = decide(facts, request, rungs=("direct",)).plans
    return tuple(FreeSeat(tables=table_ids(plan.tables), score=plan.score) for plan in plans[:MOST])

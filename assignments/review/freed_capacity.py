"""Freed capacity is used at once: bookings in review are planned again when seats become free.

What fits by now is marked for people, or placed by itself where the restaurant allows it. Planning
changes nothing; placing goes through the coordinator like any other booking.
"""

from datetime import datetime, timedelta

from django.db import transaction

from assignments.engine.decide import decide
from assignments.engine.plans import Plan
from assignments.facts_store import load_facts
from assignments.models import NowFit
from bookings import state_machine
from bookings.intake import ASSIGN_TASK
from bookings.models import Booking
from bookings.queue.tasks import enqueue
from bookings.state_machine import StaleBookingError, Step
from bookings.states import State
from observability import events

#: Bookings this near to the freed seats may profit, if only through a chain of moves.
NEAR = timedelta(hours=4)

#: Most bookings planned again at once; the earliest start first.
BATCH = 50


def plan_reviews_again(*, restaurant_id: int, start: datetime, end: datetime, now: datetime) -> list[int]:
    """Plan the open reviews around [start, end) anew; return the ids of those that now fit."""
    waiting = (
        Booking.objects.select_related("restaurant")
        .filter(
            restaurant_id=restaurant_id,
            assignment_state=State.MANUAL_REVIEW,
            start_at__gt=now,
            start_at__lt=end + NEAR,
            end_at__gt=start - NEAR,
        )
        .order_by("start_at", "pk")[:BATCH]
    )
    return [booking.pk for booking in waiting if _plan_again(booking, now)]


def _plan_again(booking: Booking, now: datetime) -> bool:
    plan = _plan(booking, now)
    if plan is None:
        NowFit.objects.filter(booking=booking).delete()
        return False
    if booking.restaurant.place_from_review:
        return _requeue(booking, now)
    _mark(booking, plan, now)
    return True


def _plan(booking: Booking, now: datetime) -> Plan | None:
    """The best plan by today's facts; a party that only staff may enter stays with people."""
    if booking.party_size > booking.restaurant.max_party_auto:
        return None
    facts, request = load_facts(booking=booking, now=now)
    return decide(facts, request).plan


def _mark(booking: Booking, plan: Plan, now: datetime) -> None:
    tables = [int(table) for table in plan.tables]
    with transaction.atomic():
        _, created = NowFit.objects.update_or_create(
            booking=booking, defaults={"tables": tables, "strategy": plan.strategy, "found_at": now}
        )
        if created:
            _record(booking, "case.now_fits", now, strategy=plan.strategy, tables=tables)


def _requeue(booking: Booking, now: datetime) -> bool:
    """Back into assignment, where a table is taken or the booking comes back to review."""
    try:
        with transaction.atomic():
            state_machine.move(
                position=state_machine.position_of(booking),
                steps=[Step(to=State.ASSIGNMENT_PENDING, metadata={"cause": "capacity_freed"})],
                at=now,
                changes={"next_attempt_at": now},
            )
            NowFit.objects.filter(booking=booking).delete()
            enqueue(ASSIGN_TASK, booking.pk, "capacity_freed")
            _record(booking, "case.requeued", now, action="capacity_freed", reason=None)
    except StaleBookingError:
        return False  # somebody resolved it meanwhile
    return True


def _record(booking: Booking, event_type: str, now: datetime, **context: object) -> None:
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

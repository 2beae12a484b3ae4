"""An evening as the tests of changes need it: bookings brought to a state, and what became of them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import connection
from django_q.models import OrmQ

from assignments import flags
from assignments.coordinator import process_booking
from assignments.coordinator.claim import claim
from assignments.coordinator.route import route_of
from assignments.edge import Edge
from assignments.outcomes import Outcome
from assignments.protection.locks import Grant
from bookings import state_machine
from bookings.cancellation import cancel
from bookings.floor_plan_edits import Edited
from bookings.models import Booking, MailStatus, OutboxMessage, Restaurant, Table
from bookings.outbox import delivery
from bookings.service_time import check_in, complete, mark_no_show
from bookings.state_machine import Step
from bookings.states import State
from bookings.withdrawals import Withdrawal
from observability.models import Event
from tests.factories import NOW, receive, serving_restaurant
from tests.invariants import breaches

#: The clock stands at NOW, and retries come without jitter.
EDGE = Edge(clock=lambda: NOW, jitter=lambda: 0.0)


def assign(booking: Booking, edge: Edge = EDGE) -> Outcome:
    outcome = process_booking(booking_id=booking.pk, trigger="test", edge=edge)
    booking.refresh_from_db()
    return outcome


def in_state(state: str, **wishes: Any) -> Booking:
    """A booking as a worker that was lost between its commits would leave it."""
    booking = receive(serving_restaurant(2, 4), **wishes)
    if state == State.ASSIGNMENT_IN_PROGRESS:
        route = route_of(booking, flags.current())
        assert claim(booking=booking, route=route, trigger="test", lock=Grant(held=True, wait_ms=0), now=NOW)
    elif state != State.CREATED:
        way = [State.CAPACITY_VERIFIED, State.ASSIGNMENT_PENDING]
        steps = [Step(to=to) for to in way[: way.index(State(state)) + 1]]
        state_machine.move(position=state_machine.position_of(booking), steps=steps, at=NOW)
    booking.refresh_from_db()
    assert booking.assignment_state == state
    return booking


def meanwhile(happens: Callable[[], object]) -> Callable[[], datetime]:
    """A run's clock: `happens` comes between its claim and its facts, while it holds the lock."""
    readings = iter([lambda: None, happens])

    def clock() -> datetime:
        next(readings, lambda: None)()
        return NOW

    return clock


def confirmed(restaurant: Restaurant, **wishes: Any) -> Booking:
    booking = receive(restaurant, **wishes)
    assign(booking)
    assert booking.assignment_state == "confirmed"
    return booking


def told(booking: Booking) -> Booking:
    """Send what is promised."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE outbox_messages SET due_at = now() WHERE status = 'pending'")
    for mail in OutboxMessage.objects.filter(booking=booking, status=MailStatus.PENDING):
        delivery.send(mail.pk)
    return booking


def mails(booking: Booking) -> list[tuple[str, int, str]]:
    rows = OutboxMessage.objects.filter(booking=booking).order_by("pk")
    return list(rows.values_list("kind", "revision", "status"))


def tables(booking: Booking) -> list[int]:
    """The tables it holds, each over its period and buffer."""
    held = booking.allocations.filter(active=True).select_related("restaurant")
    for allocation in held:
        assert allocation.period.lower == booking.start_at
        assert allocation.period.upper >= booking.end_at
    return sorted(allocation.table_id for allocation in held)


def tasks(booking: Booking) -> list[str]:
    """Triggers of the waiting tasks that assign it."""
    rows = OrmQ.objects.order_by("id")
    return [
        row.task["args"][1]
        for row in rows
        if row.task["func"] == "assignments.tasks.assign" and row.task["args"][0] == booking.pk
    ]


def events_of(booking: Booking, event_type: str) -> list[dict[str, Any]]:
    rows = Event.objects.filter(booking_id=booking.pk, event_type=event_type).order_by("id")
    return [row.context for row in rows]


def sound(**options: Any) -> bool:
    assert breaches(unfinished=True, **options) == {}
    return True


def seated(booking: Booking) -> Booking:
    return check_in(booking_id=booking.pk, now=booking.start_at)


def gone(booking: Booking) -> Booking:
    seated(booking)
    return complete(booking_id=booking.pk, now=booking.start_at)


def missed(booking: Booking) -> Booking:
    return mark_no_show(booking_id=booking.pk, now=booking.start_at)


def cancelled(booking: Booking) -> Booking:
    return cancel(booking_id=booking.pk, now=NOW)


#: Statuses after which nothing is changed, by the step that leads there from confirmed.
OVER: dict[str, Callable[[Booking], Booking]] = {
    "cancelled": cancelled,
    "completed": gone,
    "no show": missed,
}


def table_of(booking: Booking) -> Table:
    """The one table it holds."""
    (held,) = tables(booking)
    return Table.objects.get(pk=held)


def fates(of: Edited | Withdrawal) -> dict[int, str]:
    """What becomes of each booking that an edit or a withdrawal displaces."""
    return {item.booking_id: item.fate for item in of.displaced}

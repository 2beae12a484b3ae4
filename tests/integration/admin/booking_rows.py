"""A booking on two tables, and what may hang on it: the rows that tests of the console start from."""

import itertools
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from assignments.models import (
    Attempt,
    ReviewCase,
)
from bookings import state_machine
from bookings.models import (
    Allocation,
    Booking,
    BookingMove,
    BookingStatus,
    ChangeWish,
    MailKind,
    OutboxMessage,
    StateChange,
    Table,
    TableAttribute,
)
from bookings.states import State
from observability import events
from observability.models import Event
from tests.factories import (
    dinner,
    receive,
    serving_restaurant,
)

_numbers = itertools.count(1)


def seated_booking() -> Booking:
    """A confirmed booking on two tables, with an asked zone, in a restaurant of its own."""
    restaurant = serving_restaurant(2, 2)
    zone = restaurant.zones.get()
    booking = receive(restaurant, zone=zone, requires=(TableAttribute.WINDOW,), party_size=4)
    booking.status = BookingStatus.CONFIRMED
    booking.save(update_fields=["status"])
    for table in restaurant.tables.all():
        hold(booking, table)
    return booking


def hold(booking: Booking, table: Table, *, active: bool = True) -> Allocation:
    return Allocation.objects.create(
        restaurant=booking.restaurant,
        booking=booking,
        table=table,
        period=(booking.start_at, booking.end_at + timedelta(minutes=5)),
        active=active,
    )


def review_case() -> ReviewCase:
    """Opened by the database, as the booking goes to people."""
    booking = seated_booking()
    state_machine.move(
        position=state_machine.position_of(booking),
        steps=[state_machine.Step(to=State.MANUAL_REVIEW, reason="no_assignment")],
        at=timezone.now(),
    )
    return ReviewCase.objects.get(booking=booking)


def somebody() -> User:
    return User.objects.create(username=f"person-{next(_numbers)}", is_staff=True)


def decision(booking: Booking) -> dict[str, Any]:
    """An attempt's stored decision that names tables and another booking."""
    one, other = (table.pk for table in booking.restaurant.tables.order_by("pk"))
    plan = {
        "tables": [one, other],
        "strategy": "optimal_fit",
        "score": 0.912,
        "breakdown": {"slack": 0.5, "scarcity": 0.412},
        "moves": [{"booking": booking.pk, "from": [one], "to": [other]}],
    }
    rejection = {
        "tables": [one],
        "why": "occupied",
        "bookings": [booking.pk],
        "until": booking.end_at.isoformat(),
    }
    return {
        "rung": "direct",
        "considered": 3,
        "certificate": {"kind": "bound", "needed": 3, "value": 2.0, "prices": []},
        "plans": [plan],
        "rejections": [rejection],
        "lost_races": 0,
    }


def attempt(booking: Booking, number: int = 1) -> Attempt:
    return Attempt.objects.create(
        booking=booking,
        attempt_no=number,
        strategy=None,
        result="failure",
        reason="no_capacity_at_time",
        metadata=decision(booking),
    )


def event(booking: Booking) -> Event:
    return Event.objects.create(
        source=events.COORDINATOR,
        event_type="coordinator.noop",
        context={"reason": "final"},
        restaurant_id=booking.restaurant_id,
        booking_id=booking.pk,
        created_at=timezone.now(),
    )


def mail(booking: Booking, revision: int = 6) -> OutboxMessage:
    return OutboxMessage.objects.create(
        booking=booking,
        kind=MailKind.CONFIRMATION,
        revision=revision,
        message_id=f"<{next(_numbers)}@example.org>",
    )


def move(booking: Booking) -> BookingMove:
    one, other = (table.pk for table in booking.restaurant.tables.order_by("pk"))
    return BookingMove.objects.create(
        booking=booking,
        for_booking=receive(booking.restaurant, start=dinner(21)),
        from_tables=[one],
        to_tables=[other],
        cause="reseat",
    )


def wish(booking: Booking) -> ChangeWish:
    return ChangeWish.objects.create(
        booking=booking,
        party_size=4,
        start_at=dinner(20),
        end_at=dinner(22),
        zone=booking.restaurant.zones.get(),
        reason="no_assignment",
    )


def state_change(booking: Booking, version: int = 2) -> StateChange:
    return StateChange.objects.create(
        booking=booking,
        from_state=State.CREATED,
        to_state=State.MANUAL_REVIEW,
        version=version,
        reason="no_capacity_at_time",
        metadata={"cause": "no_capacity_at_time"},
    )

"""Bookings stranded in every way there is, by the database's clock."""

from datetime import timedelta

from django.db.models.functions import Now
from django_q.models import OrmQ

from assignments.coordinator.claim import claim
from assignments.coordinator.route import Route
from assignments.engine.flags import Mode
from assignments.models import Slot
from assignments.protection.locks import Grant
from bookings import state_machine
from bookings.models import Booking, Restaurant
from bookings.state_machine import Step
from bookings.states import State
from tests.factories import NOW, receive

V3 = Route(mode=Mode.ACTIVE, flag_version=1, limit=3)


def age(booking: Booking, **span: float) -> None:
    """Let the booking have stood as it does for so long."""
    past = Now() - timedelta(**span)
    columns = {"updated_at": past}
    if booking.assignment_state == State.ASSIGNMENT_PENDING:
        columns["next_attempt_at"] = past
    Booking.objects.filter(pk=booking.pk).update(**columns)
    booking.refresh_from_db()


def never_enqueued(house: Restaurant) -> Booking:
    booking = receive(house)
    OrmQ.objects.all().delete()
    age(booking, minutes=3)
    return booking


def running(house: Restaurant) -> Booking:
    booking = receive(house)
    claim(booking=booking, route=V3, trigger="test", lock=Grant(held=True, wait_ms=0), now=NOW)
    age(booking, minutes=4)
    return booking


def expired_lease(house: Restaurant) -> Booking:
    booking = running(house)
    Slot.objects.filter(booking=booking).update(lease_until=Now() - timedelta(minutes=1))
    return booking


def missed_retry(house: Restaurant) -> Booking:
    booking = running(house)
    Slot.objects.filter(booking=booking).update(booking=None, token=None, lease_until=None)
    state_machine.move(
        position=state_machine.position_of(booking),
        steps=[Step(to=State.ASSIGNMENT_PENDING, reason="error")],
        at=NOW,
    )
    OrmQ.objects.all().delete()
    booking.refresh_from_db()
    age(booking, minutes=5)
    return booking


def queued() -> list[int]:
    return [row.task["args"][0] for row in OrmQ.objects.order_by("id")]

"""Seated bookings that are moved to let another in."""

import pytest

from assignments.coordinator import Confirmed, ManualReview
from assignments.engine.reasons import Reason
from bookings.models import Allocation, Booking, BookingMove, OutboxMessage
from observability.models import Event
from tests.factories import dinner, receive, serving_restaurant
from tests.integration.assignments.coordinator.driving import assign
from tests.invariants import breaches

pytestmark = pytest.mark.django_db


def test_a_seated_booking_is_moved_when_that_lets_another_in() -> None:
    restaurant = serving_restaurant(2, 4)
    small = receive(restaurant, start=dinner(19))
    assign(small)
    four = restaurant.tables.get(capacity=4)
    # Staff put the pair on the four-top; a party of four then needs it.
    Allocation.objects.filter(booking=small).update(table=four)

    large = receive(restaurant, start=dinner(19), party_size=4)
    outcome = assign(large)

    assert outcome == Confirmed(strategy="reseat")
    assert large.allocations.get().table == four
    assert small.allocations.get(active=True).table.capacity == 2
    move = BookingMove.objects.get()
    assert (move.booking, move.for_booking, move.cause) == (small, large, "reseat")
    moved = Event.objects.get(event_type="booking.moved")
    assert (moved.booking_id, moved.context["for_booking"]) == (small.pk, large.pk)
    small.refresh_from_db()
    assert (small.assignment_state, small.assignment_state_version) == ("confirmed", 6)
    assert OutboxMessage.objects.filter(booking=small).count() == 1
    assert breaches(unfinished=True) == {}


def test_a_booking_pinned_by_staff_is_never_moved() -> None:
    restaurant = serving_restaurant(2, 4)
    small = receive(restaurant)
    assign(small)
    Allocation.objects.filter(booking=small).update(table=restaurant.tables.get(capacity=4))
    Booking.objects.filter(pk=small.pk).update(locked=True)
    assert assign(receive(restaurant, party_size=4)) == ManualReview(reason=Reason.NO_CAPACITY_AT_TIME)

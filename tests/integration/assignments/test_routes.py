"""Which path a booking takes: the flags at its first claim decide, until it is final; a kill beats that."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from django.core.cache import caches
from django_redis import get_redis_connection

from assignments import flags
from assignments.coordinator import Confirmed, process_booking
from assignments.edge import Edge
from assignments.flags import services
from assignments.flags.authors import Author
from assignments.models import ShadowComparison
from bookings import state_machine
from bookings.models import Booking
from bookings.state_machine import Step
from bookings.states import State
from observability.models import Event
from tests.factories import NOW, receive, serving_restaurant
from tests.invariants import breaches

pytestmark = pytest.mark.django_db

EDGE = Edge(clock=lambda: NOW, jitter=lambda: 0.0)
BY = Author(name="test")


@pytest.fixture(autouse=True)
def v3_decides(settings: Any) -> Iterator[None]:
    """Here the database decides, and V3 is off at first."""
    settings.FEATURE_ASSIGNMENT_PIPELINE_V3 = None
    flags.forget()
    yield
    flags.forget()
    get_redis_connection().delete(caches["default"].make_key("breaker:assignment"))


def turn_v3(percentage: int) -> None:
    services.set_cohort(percentage=percentage, reason="test", by=BY, now=NOW)


def assign(booking: Booking, edge: Edge = EDGE) -> object:
    outcome = process_booking(booking_id=booking.pk, trigger="test", edge=edge)
    booking.refresh_from_db()
    return outcome


def failing() -> Edge:
    """Breaks once, between claim and decision."""
    reads = 0

    def clock() -> datetime:
        nonlocal reads
        reads += 1
        if reads == 2:
            raise RuntimeError("broken clock")
        return NOW

    return Edge(clock=clock, jitter=lambda: 0.0)


def sources(booking: Booking) -> set[str]:
    return set(Event.objects.filter(booking_id=booking.pk).values_list("source", flat=True))


def test_without_flags_legacy_decides_and_nothing_is_compared() -> None:
    booking = receive(serving_restaurant(2))
    assert isinstance(assign(booking), Confirmed)
    assert booking.assignment_path == "disabled"
    assert sources(booking) == {"auto_assign"}
    assert not ShadowComparison.objects.exists()
    assert breaches(unfinished=True) == {}


def test_with_v3_on_the_coordinator_decides_and_the_flag_version_is_kept() -> None:
    turn_v3(100)
    booking = receive(serving_restaurant(2))
    assert isinstance(assign(booking), Confirmed)
    assert (booking.assignment_path, booking.assignment_flag_version) == ("active", flags.current().version)
    assert "auto_assign" not in sources(booking)


def test_in_shadow_legacy_decides_and_each_booking_is_compared_once() -> None:
    services.set_shadow(on=True, reason="test", by=BY, now=NOW)
    restaurant = serving_restaurant(2)
    bookings = [receive(restaurant), receive(restaurant)]
    for booking in bookings * 2:
        assign(booking)
    states = [Booking.objects.get(pk=booking.pk).assignment_state for booking in bookings]
    assert states[0] == "confirmed"
    assert ShadowComparison.objects.filter(booking=bookings[0]).count() == 1
    assert bookings[0].assignment_path == "shadow"
    assert breaches(unfinished=True) == {}


def test_a_booking_under_way_stays_on_its_path_when_the_flag_flips() -> None:
    turn_v3(100)
    booking = receive(serving_restaurant(2))
    assign(booking, failing())
    turn_v3(0)
    assert isinstance(assign(booking), Confirmed)
    assert booking.assignment_path == "active"
    assert "auto_assign" not in sources(booking)


def test_a_kill_takes_a_booking_under_way_to_legacy_at_its_next_attempt() -> None:
    turn_v3(100)
    booking = receive(serving_restaurant(2))
    assign(booking, failing())
    services.kill(reason="test", by=BY, now=NOW)
    assert isinstance(assign(booking), Confirmed)
    assert booking.assignment_path == "disabled"
    assert "auto_assign" in sources(booking)
    assert breaches(unfinished=True) == {}


def test_a_booking_under_way_at_a_kill_stays_on_legacy_once_it_is_taken_back() -> None:
    turn_v3(100)
    booking, other = receive(serving_restaurant(2)), receive(serving_restaurant(2, slug="pier"))
    assign(booking, failing())
    services.kill(reason="test", by=BY, now=NOW)
    services.revive(reason="test", by=BY, now=NOW)
    assign(other, failing())
    assert isinstance(assign(booking), Confirmed)
    assert isinstance(assign(other), Confirmed)
    assert (booking.assignment_path, other.assignment_path) == ("disabled", "active")


def test_a_booking_that_comes_back_takes_the_path_of_the_flags_now() -> None:
    turn_v3(100)
    restaurant = serving_restaurant(2, 2)
    booking = receive(restaurant)
    assign(booking)
    turn_v3(0)
    booking.allocations.update(active=False)
    state_machine.move(
        position=state_machine.position_of(booking),
        steps=[Step(to=State.ASSIGNMENT_PENDING, reason="booking_changed")],
        at=NOW,
    )
    assert isinstance(assign(booking), Confirmed)
    assert booking.assignment_path == "disabled"

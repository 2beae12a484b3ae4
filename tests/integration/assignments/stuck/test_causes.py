"""Which bookings count as stuck, and why."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from assignments.stuck.causes import Cause, stuck_bookings
from bookings.models import Booking, Restaurant
from observability.scope import Scope
from tests.factories import receive, serving_restaurant
from tests.integration.assignments.stuck.scenes import (
    age,
    expired_lease,
    missed_retry,
    never_enqueued,
    running,
)

pytestmark = pytest.mark.django_db
ALL = Scope(restaurants=None)


@pytest.fixture
def house() -> Restaurant:
    return serving_restaurant(2, 2)


@pytest.mark.parametrize(
    ("scene", "cause", "seconds"),
    [
        (expired_lease, Cause.EXPIRED_LEASE, 60),
        (missed_retry, Cause.MISSED_RETRY, 300),
        (never_enqueued, Cause.NEVER_ENQUEUED, 180),
    ],
)
def test_each_way_to_be_stranded_is_told_apart(
    scene: Callable[[Restaurant], Booking], cause: Cause, seconds: int, house: Restaurant
) -> None:
    booking = scene(house)
    (found,) = stuck_bookings(scope=ALL)
    assert (found.booking_id, found.cause, found.version) == (
        booking.pk,
        cause,
        booking.assignment_state_version,
    )
    assert seconds <= found.age.total_seconds() < seconds + 20
    assert found.age > found.threshold


def test_a_sweep_that_dates_the_next_try_ahead_does_not_make_it_younger(house: Restaurant) -> None:
    booking = missed_retry(house)
    Booking.objects.filter(pk=booking.pk).update(next_attempt_at=Now() - timedelta(seconds=1))
    (found,) = stuck_bookings(scope=ALL)
    assert found.cause is Cause.MISSED_RETRY
    assert found.age > timedelta(minutes=4)


def test_what_is_on_its_way_is_not_stuck(house: Restaurant) -> None:
    running(house)
    receive(house)
    put_off = missed_retry(house)
    Booking.objects.filter(pk=put_off.pk).update(next_attempt_at=Now() + timedelta(seconds=20))
    fresh = Booking.objects.exclude(pk=put_off.pk).order_by("-pk").first()
    assert fresh is not None
    age(fresh, seconds=3)
    assert stuck_bookings(scope=ALL) == []


def test_a_run_that_never_ends_stands_still_with_its_lease(house: Restaurant) -> None:
    booking = running(house)
    age(booking, minutes=11)
    (found,) = stuck_bookings(scope=ALL)
    assert found.cause is Cause.STANDING_STILL
    assert found.lease is not None
    assert found.lease.is_alive


def test_bookings_of_other_restaurants_are_not_found(house: Restaurant) -> None:
    never_enqueued(house)
    assert stuck_bookings(scope=Scope(restaurants=frozenset({house.pk + 1}))) == []
    assert stuck_bookings(scope=Scope(restaurants=frozenset())) == []

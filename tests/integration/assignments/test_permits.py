"""Permits: slot rows with leases in the real database."""

import pytest
from django.db import connection

from assignments.models import MAX_SLOTS, Slot
from assignments.protection import permits
from assignments.protection.permits import LeaseLostError, Permit
from bookings.models import Booking, Restaurant
from tests.factories import receive, serving_restaurant
from tests.permits import take_permit

pytestmark = pytest.mark.django_db


def take(booking: Booking, limit: int = 3) -> Permit | None:
    return take_permit(booking, limit=limit)


def lapse(permit: Permit) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE assignment_slots SET lease_until = now() - interval '1 s' WHERE token = %s",
            [permit.token],
        )


@pytest.fixture
def restaurant() -> Restaurant:
    return serving_restaurant(2, 2, 2, 2)


@pytest.mark.parametrize("limit", [1, 3, MAX_SLOTS])
def test_as_many_permits_are_given_as_the_limit_allows(restaurant: Restaurant, limit: int) -> None:
    given = [take(receive(restaurant), limit) for _ in range(limit + 1)]
    assert [permit.in_use for permit in given if permit] == list(range(1, limit + 1))
    assert given[-1] is None


def test_a_permit_given_back_is_free_for_the_next(restaurant: Restaurant) -> None:
    first = take(receive(restaurant), limit=1)
    assert first
    permits.give_back(first)
    assert take(receive(restaurant), limit=1)


def test_a_lapsed_lease_is_free_for_the_next_and_fences_its_old_holder(restaurant: Restaurant) -> None:
    stopped = take(receive(restaurant), limit=1)
    assert stopped
    lapse(stopped)
    assert take(receive(restaurant), limit=1)
    with pytest.raises(LeaseLostError, match=str(stopped.booking_id)):
        permits.give_back(stopped)


def test_a_booking_that_lost_its_worker_takes_a_new_permit_and_leaves_the_old(restaurant: Restaurant) -> None:
    booking = receive(restaurant)
    first = take(booking)
    assert first
    lapse(first)
    assert take(booking)
    assert Slot.objects.filter(booking=booking).count() == 1


def test_a_booking_changed_under_its_run_retakes_its_slot_though_the_lease_lives(
    restaurant: Restaurant,
) -> None:
    booking = receive(restaurant)
    first = take(booking, limit=1)
    second = take(booking, limit=1)
    assert first
    assert second
    assert second.in_use == 1
    assert Slot.objects.get(booking=booking).token == second.token
    with pytest.raises(LeaseLostError):
        permits.give_back(first)


def test_restaurants_do_not_share_permits(restaurant: Restaurant) -> None:
    assert take(receive(restaurant), limit=1)
    assert take(receive(serving_restaurant(2)), limit=1)


def test_a_lowered_limit_holds_for_the_next_permit(restaurant: Restaurant) -> None:
    assert all(take(receive(restaurant), limit=2) for _ in range(2))
    assert take(receive(restaurant), limit=1) is None


def test_runs_above_a_lowered_limit_count_though_lower_slots_are_free(restaurant: Restaurant) -> None:
    given = [take(receive(restaurant), limit=3) for _ in range(3)]
    assert given[0]
    permits.give_back(given[0])
    assert take(receive(restaurant), limit=2) is None, "slots 2 and 3 are alive"


def test_an_abandoned_permit_is_freed_without_touching_its_successor(restaurant: Restaurant) -> None:
    stopped = take(receive(restaurant), limit=1)
    assert stopped
    lapse(stopped)
    successor = take(receive(restaurant), limit=1)
    assert successor
    permits.abandon(stopped)
    assert Slot.objects.get(booking__isnull=False).token == successor.token

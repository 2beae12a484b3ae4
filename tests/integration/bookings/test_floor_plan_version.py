"""The floor plan's version: counted by the database whoever edits, so that no worker plans on an old one."""

from collections.abc import Callable

import pytest

from assignments.coordinator import process_booking
from bookings.models import Adjacency, Combination, CombinationTable, Restaurant, Table
from tests.factories import TableFactory, receive, serving_restaurant

pytestmark = pytest.mark.django_db


def version(restaurant: Restaurant) -> int:
    return Restaurant.objects.get(pk=restaurant.pk).floor_plan_version


def combine(restaurant: Restaurant) -> None:
    combination = Combination.objects.create(restaurant=restaurant, name="Pair", capacity=4)
    CombinationTable.objects.create(
        restaurant=restaurant, combination=combination, table=restaurant.tables.earliest("pk")
    )


@pytest.mark.parametrize(
    "edit",
    [
        lambda r: TableFactory(zone=r.zones.get()),
        lambda r: Table.objects.filter(restaurant=r).update(capacity=6),
        lambda r: Table.objects.filter(restaurant=r).earliest("pk").delete(),
        lambda r: Adjacency.objects.filter(restaurant=r).delete(),
        combine,
    ],
    ids=["table added", "table changed", "table removed", "link removed", "combination added"],
)
def test_every_edit_counts(edit: Callable[[Restaurant], object]) -> None:
    restaurant = serving_restaurant(2, 2, join=True)
    before = version(restaurant)
    edit(restaurant)
    assert version(restaurant) > before


def test_a_stale_form_does_not_take_the_count_back() -> None:
    restaurant = serving_restaurant(2)
    stale = Restaurant.objects.get(pk=restaurant.pk)
    Table.objects.filter(restaurant=restaurant).update(capacity=4)
    after_the_edit = version(restaurant)
    stale.name = "Renamed"
    stale.save()
    assert version(restaurant) == after_the_edit


def test_a_worker_that_knew_the_old_plan_seats_by_the_new_one() -> None:
    restaurant = serving_restaurant(2, 4)
    process_booking(booking_id=receive(restaurant).pk, trigger="test")
    Table.objects.filter(restaurant=restaurant, capacity=4).update(active=False)
    booking = receive(restaurant)
    process_booking(booking_id=booking.pk, trigger="test")
    booking.refresh_from_db()
    assert booking.assignment_state == "manual_review"

"""Bookings that the coordinator leaves to people, and why."""

import pytest

from assignments.coordinator import ManualReview
from assignments.engine.reasons import Reason
from assignments.models import Attempt
from bookings.cancellation import cancel
from bookings.models import Booking, OutboxMessage, PacingLimit, StateChange, TableBlock
from tests.factories import NOW, dinner, receive, serving_restaurant
from tests.integration.assignments.coordinator.driving import assign
from tests.invariants import breaches

pytestmark = pytest.mark.django_db


def test_tables_that_do_not_stand_together_are_not_joined() -> None:
    booking = receive(serving_restaurant(2, 2, join=False), party_size=4)
    assert assign(booking) == ManualReview(reason=Reason.PARTY_TOO_LARGE)


def test_a_full_house_goes_to_people_at_once_with_a_proof() -> None:
    restaurant = serving_restaurant(2)
    assign(receive(restaurant))
    second = receive(restaurant)

    assert assign(second) == ManualReview(reason=Reason.NO_CAPACITY_AT_TIME)

    attempt = Attempt.objects.get(booking=second)
    assert (attempt.result, attempt.reason) == ("failure", "no_capacity_at_time")
    assert attempt.metadata["certificate"]["kind"] in {"bound", "exhaustive"}
    assert attempt.metadata["rejections"]
    assert OutboxMessage.objects.get(booking=second).kind == "received"
    assert breaches(unfinished=True) == {}


def test_a_party_only_staff_may_enter_goes_to_people_without_an_attempt() -> None:
    restaurant = serving_restaurant(2, max_party_auto=4)
    booking = receive(restaurant, party_size=6, by_staff=True)
    assert assign(booking) == ManualReview(reason=Reason.PARTY_TOO_LARGE)
    assert not Attempt.objects.exists()
    assert list(StateChange.objects.values_list("to_state", "reason")) == [
        ("created", None),
        ("manual_review", "party_too_large"),
    ]


def test_pacing_is_checked_again_before_a_table_is_given() -> None:
    restaurant = serving_restaurant(2, 2)
    first, second = receive(restaurant), receive(restaurant)
    PacingLimit.objects.create(restaurant=restaurant, max_covers=3)
    cancel(booking_id=first.pk, now=NOW)
    third = receive(restaurant, start=dinner(20))
    Booking.objects.filter(pk=third.pk).update(start_at=second.start_at)
    assert assign(second) == ManualReview(reason=Reason.PACING)


def test_a_blocked_table_is_not_given() -> None:
    restaurant = serving_restaurant(2)
    table = restaurant.tables.get()
    TableBlock.objects.create(
        restaurant=restaurant, table=table, start_at=dinner(19, 30), end_at=dinner(20), reason="wobbles"
    )
    assert assign(receive(restaurant)) == ManualReview(reason=Reason.BLOCKED)

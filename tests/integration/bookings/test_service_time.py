"""Parties that arrive, leave or do not come, and blocks that are lifted."""

from datetime import timedelta

import pytest
from django_q.models import OrmQ

from assignments.coordinator import process_booking
from bookings.cancellation import CancellationError, cancel
from bookings.models import Booking, BookingStatus, TableBlock
from bookings.service_time import ServiceTimeError, check_in, complete, lift_block, mark_no_show
from tests.factories import NOW, dinner, receive, serving_restaurant

pytestmark = pytest.mark.django_db

FREED = "assignments.tasks.plan_reviews_again"


@pytest.fixture
def booking() -> Booking:
    booking = receive(serving_restaurant(2))
    process_booking(booking_id=booking.pk, trigger="test")
    OrmQ.objects.all().delete()
    booking.refresh_from_db()
    return booking


def announced() -> list[tuple[object, ...]]:
    return [row.task["args"] for row in OrmQ.objects.order_by("id") if row.task["func"] == FREED]


def holds_a_table(booking: Booking) -> bool:
    return bool(booking.allocations.filter(active=True).exists())


def test_a_party_that_arrives_keeps_its_table(booking: Booking) -> None:
    assert check_in(booking_id=booking.pk, now=booking.start_at).status == BookingStatus.CHECKED_IN
    assert holds_a_table(booking)
    assert announced() == []


def test_a_party_that_leaves_early_frees_its_table_for_the_rest_of_its_time(booking: Booking) -> None:
    check_in(booking_id=booking.pk, now=booking.start_at)
    left = booking.start_at + timedelta(minutes=30)
    assert complete(booking_id=booking.pk, now=left).status == BookingStatus.COMPLETED
    assert not holds_a_table(booking)
    assert announced() == [(booking.restaurant_id, int(left.timestamp()), int(booking.end_at.timestamp()))]


def test_a_party_that_leaves_late_frees_nothing_worth_announcing(booking: Booking) -> None:
    check_in(booking_id=booking.pk, now=booking.start_at)
    complete(booking_id=booking.pk, now=booking.end_at + timedelta(minutes=5))
    assert announced() == []


def test_a_party_that_does_not_come_frees_its_table(booking: Booking) -> None:
    mark_no_show(booking_id=booking.pk, now=booking.start_at + timedelta(minutes=15))
    assert not holds_a_table(booking)
    assert len(announced()) == 1


def test_nobody_is_a_no_show_before_the_start(booking: Booking) -> None:
    with pytest.raises(ServiceTimeError, match="starts at"):
        mark_no_show(booking_id=booking.pk, now=booking.start_at - timedelta(minutes=1))
    assert holds_a_table(booking)


@pytest.mark.parametrize("step", [complete, mark_no_show])
def test_a_step_that_does_not_follow_is_refused_and_names_the_status(booking: Booking, step) -> None:  # type: ignore[no-untyped-def]
    cancel(booking_id=booking.pk, now=NOW)
    with pytest.raises(ServiceTimeError, match="is cancelled"):
        step(booking_id=booking.pk, now=booking.start_at)


def test_a_party_that_sits_can_no_longer_cancel(booking: Booking) -> None:
    check_in(booking_id=booking.pk, now=booking.start_at)
    with pytest.raises(CancellationError, match="checked in"):
        cancel(booking_id=booking.pk, now=booking.start_at)


def test_a_cancelled_booking_announces_its_seats_once(booking: Booking) -> None:
    cancel(booking_id=booking.pk, now=NOW)
    cancel(booking_id=booking.pk, now=NOW)
    assert len(announced()) == 1


def test_a_booking_cancelled_before_it_had_a_table_announces_nothing() -> None:
    booking = receive(serving_restaurant(2))
    OrmQ.objects.all().delete()
    cancel(booking_id=booking.pk, now=NOW)
    assert announced() == []


def test_a_lifted_block_is_gone_and_announced_once() -> None:
    restaurant = serving_restaurant(2)
    block = TableBlock.objects.create(
        restaurant=restaurant, table=restaurant.tables.get(), start_at=dinner(18), end_at=dinner(22)
    )
    lift_block(block_id=block.pk)
    lift_block(block_id=block.pk)
    assert not TableBlock.objects.exists()
    assert len(announced()) == 1

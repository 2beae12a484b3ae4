"""Freed capacity: bookings in review are looked at again when seats become free."""

from typing import Any

import pytest
from django_q.models import OrmQ

from assignments import tasks
from assignments.coordinator import Confirmed, process_booking
from assignments.edge import Edge
from assignments.models import NowFit
from bookings.cancellation import cancel
from bookings.models import Booking, Restaurant
from observability.models import Event
from tests.factories import NOW, dinner, receive, serving_restaurant
from tests.invariants import breaches

pytestmark = pytest.mark.django_db

EDGE = Edge(clock=lambda: NOW, jitter=lambda: 0.0)


def placed(restaurant: Restaurant, **wishes: Any) -> Booking:
    booking = receive(restaurant, **wishes)
    process_booking(booking_id=booking.pk, trigger="test", edge=EDGE)
    booking.refresh_from_db()
    return booking


def run_announcements() -> None:
    """Do what the queue says, as a worker would."""
    for row in OrmQ.objects.order_by("id"):
        if row.task["func"].endswith("plan_reviews_again"):
            tasks.plan_reviews_again(*row.task["args"])


@pytest.fixture
def full_house() -> tuple[Booking, Booking]:
    """A booking that holds the only table, and one in review."""
    restaurant = serving_restaurant(2)
    seated, waiting = placed(restaurant), placed(restaurant)
    assert waiting.assignment_state == "manual_review"
    return seated, waiting


def test_a_review_that_fits_after_a_cancellation_is_marked(
    full_house: tuple[Booking, Booking],
) -> None:
    seated, waiting = full_house
    cancel(booking_id=seated.pk, now=NOW)
    run_announcements()

    mark = NowFit.objects.get()
    assert (mark.booking, mark.tables) == (waiting, [seated.restaurant.tables.get().pk])
    assert Event.objects.get(event_type="case.now_fits").booking_id == waiting.pk
    waiting.refresh_from_db()
    assert waiting.assignment_state == "manual_review", "people decide"


def test_a_second_look_adds_no_second_event(full_house: tuple[Booking, Booking]) -> None:
    cancel(booking_id=full_house[0].pk, now=NOW)
    run_announcements()
    run_announcements()
    assert Event.objects.filter(event_type="case.now_fits").count() == 1


def test_the_mark_goes_when_the_seats_are_taken_again(full_house: tuple[Booking, Booking]) -> None:
    seated, _ = full_house
    cancel(booking_id=seated.pk, now=NOW)
    run_announcements()
    placed(seated.restaurant)
    run_announcements()
    assert not NowFit.objects.exists()


def test_where_the_restaurant_allows_it_the_booking_is_placed(full_house: tuple[Booking, Booking]) -> None:
    seated, waiting = full_house
    Restaurant.objects.update(place_from_review=True)
    cancel(booking_id=seated.pk, now=NOW)
    run_announcements()

    waiting.refresh_from_db()
    assert waiting.assignment_state == "assignment_pending"
    assert isinstance(process_booking(booking_id=waiting.pk, trigger="test", edge=EDGE), Confirmed)
    assert not NowFit.objects.exists()
    assert breaches(unfinished=True) == {}


def test_a_party_only_staff_may_place_is_never_placed_by_itself() -> None:
    restaurant = serving_restaurant(8, max_party_auto=4, place_from_review=True)
    seated = placed(restaurant)
    large = placed(restaurant, party_size=6, by_staff=True)
    cancel(booking_id=seated.pk, now=NOW)
    run_announcements()
    large.refresh_from_db()
    assert large.assignment_state == "manual_review"
    assert not NowFit.objects.exists()


def test_another_evening_is_left_alone(full_house: tuple[Booking, Booking]) -> None:
    seated, _ = full_house
    other = placed(seated.restaurant, start=dinner(day=1))
    cancel(booking_id=other.pk, now=NOW)
    run_announcements()
    assert not NowFit.objects.exists()

"""A restaurant that takes no bookings any more still owes those it took: they are worked on as before."""

import pytest

from assignments.coordinator import Confirmed, process_booking
from assignments.review.fixes import fixes_for
from assignments.review.resolutions import apply_fix, reject, requeue
from bookings.intake_rules import IntakeError
from bookings.models import Booking, Restaurant, Table
from bookings.restaurants import coming_bookings
from tests.factories import NOW, dinner, receive, serving_restaurant
from tests.integration.assignments.review.scenes import EDGE, agent, claimed, placed

pytestmark = pytest.mark.django_db


@pytest.fixture
def waiting() -> Booking:
    """In review, of a house that has been deactivated and has a table free since."""
    restaurant = serving_restaurant(2)
    placed(restaurant)
    booking = placed(restaurant)
    assert booking.assignment_state == "manual_review"
    Restaurant.objects.update(active=False)
    return booking


def add_table(booking: Booking) -> None:
    one = Table.objects.get(restaurant=booking.restaurant)
    Table.objects.create(
        restaurant_id=one.restaurant_id, zone_id=one.zone_id, number="New", capacity=2, max_party=2
    )


def test_an_open_case_is_seated(waiting: Booking) -> None:
    add_table(waiting)
    user = agent()
    case = claimed(waiting, user)
    fresh = Booking.objects.select_related("restaurant").get(pk=waiting.pk)
    apply_fix(case_id=case.pk, key=fixes_for(booking=fresh, now=NOW)[0].key, user=user, now=NOW)
    waiting.refresh_from_db()
    assert waiting.assignment_state == "confirmed"


def test_an_open_case_is_turned_down(waiting: Booking) -> None:
    user = agent()
    reject(case_id=claimed(waiting, user).pk, user=user, now=NOW)
    waiting.refresh_from_db()
    assert waiting.assignment_state == "cancelled"


def test_an_open_case_is_planned_again_and_gets_its_table(waiting: Booking) -> None:
    add_table(waiting)
    user = agent()
    requeue(case_id=claimed(waiting, user).pk, user=user, now=NOW)
    assert isinstance(process_booking(booking_id=waiting.pk, trigger="test", edge=EDGE), Confirmed)


def test_new_bookings_are_refused_and_those_to_come_are_counted(waiting: Booking) -> None:
    restaurant = Restaurant.objects.get()
    with pytest.raises(IntakeError, match="takes no bookings at present"):
        receive(restaurant, start=dinner(21))
    assert coming_bookings(restaurant=restaurant, now=NOW) == 2
    assert coming_bookings(restaurant=restaurant, now=dinner(23)) == 0

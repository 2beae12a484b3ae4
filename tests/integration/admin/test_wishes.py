"""Wishes in the console: accepted once there is a table, declined, by whoever may change bookings."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from bookings.cancellation import cancel
from bookings.change_request import BookingChange
from bookings.changes import change
from bookings.models import Booking, ChangeWish
from tests.factories import NOW, serving_restaurant
from tests.integration.admin.addresses import list_of
from tests.integration.bookings.evening import confirmed

pytestmark = pytest.mark.django_db


@pytest.fixture
def wish() -> ChangeWish:
    restaurant = serving_restaurant(2, 4)
    booking = confirmed(restaurant)
    confirmed(restaurant, party_size=4)
    left = change(booking_id=booking.pk, wish=BookingChange(party_size=4), now=NOW, on_no_seating="review")
    assert left.wish is not None
    return left.wish


def decide(client: Client, wish: ChangeWish, action: str) -> str:
    answers = {"action": action, "_selected_action": [wish.pk]}
    page = client.post(list_of(ChangeWish), answers, follow=True).content.decode()
    wish.refresh_from_db()
    return page


def test_a_wish_is_accepted_once_there_is_a_table(administrator: Client, wish: ChangeWish) -> None:
    assert "No table is left" in decide(administrator, wish, "accept")
    assert wish.status == "open"
    cancel(booking_id=Booking.objects.get(party_size=4).pk, now=NOW)
    assert f"Changed as wished: {wish.booking.reference}." in decide(administrator, wish, "accept")
    assert wish.status == "accepted"


def test_a_wish_is_declined_once(administrator: Client, wish: ChangeWish) -> None:
    assert f"Left as it is: {wish.booking.reference}." in decide(administrator, wish, "decline")
    assert wish.status == "declined"
    assert "is declined" in decide(administrator, wish, "decline")


def test_whoever_may_only_look_decides_nothing(client: Client, wish: ChangeWish) -> None:
    user = User.objects.create_user("looks", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_changewish"))
    client.force_login(user)
    decide(client, wish, "decline")
    assert wish.status == "open"

"""Find: one match is opened, several are listed, and nothing beyond one's restaurants is told."""

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bookings.models import Booking, Restaurant, StaffRestaurant
from tests.factories import receive, serving_restaurant
from tests.integration.console.conftest import SignIn

pytestmark = pytest.mark.django_db

FIND = "/find/"
MAY_LOOK = ("bookings.view_booking", "bookings.view_restaurant")


def page_of(booking: Booking) -> str:
    return reverse("admin:bookings_booking_change", args=[booking.pk])


@pytest.mark.parametrize("form", [str, str.lower, lambda text: text[2:], lambda text: f"  {text} "])
def test_a_reference_leads_to_its_booking(form, sign_in: SignIn) -> None:  # type: ignore[no-untyped-def]
    booking = receive(serving_restaurant(4))
    answer = sign_in(*MAY_LOOK).get(FIND, {"q": form(booking.reference)})
    assert answer.headers["Location"] == page_of(booking)


def test_part_of_a_name_leads_to_its_restaurant(sign_in: SignIn) -> None:
    restaurant = serving_restaurant(4)
    Restaurant.objects.filter(pk=restaurant.pk).update(name="The Copper Pan")
    answer = sign_in(*MAY_LOOK).get(FIND, {"q": "copper"})
    assert answer.headers["Location"] == reverse("admin:restaurant", args=[restaurant.pk])


def test_several_matches_are_listed_in_as_many_queries_as_one(sign_in: SignIn) -> None:
    restaurant = serving_restaurant(4)
    client = sign_in(*MAY_LOOK)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(FIND, {"q": "B-2"}).status_code in (200, 302)
        return len(captured)

    for number in range(2):
        Booking.objects.filter(pk=receive(restaurant).pk).update(reference=f"B-2AAAA{number}")
    two = queries()
    for number in range(2, 9):
        Booking.objects.filter(pk=receive(restaurant).pk).update(reference=f"B-2AAAA{number}")
    assert queries() == two
    assert "B-2AAAA8" in client.get(FIND, {"q": "B-2"}).content.decode()


@pytest.mark.parametrize("wanted", ["", "nobody", "\x00", "%", "B-%", "<script>", "9" * 500])
def test_what_finds_nothing_says_so(wanted: str, sign_in: SignIn) -> None:
    receive(serving_restaurant(4))
    answer = sign_in(*MAY_LOOK).get(FIND, {"q": wanted})
    assert answer.status_code == 200
    assert "<script>&" not in answer.content.decode()
    assert answer.context["matches"] == []


def test_other_restaurants_bookings_are_not_found(db: None) -> None:
    booking = receive(serving_restaurant(4))
    user = User.objects.create(username="scoped", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_booking", "view_restaurant"]))
    StaffRestaurant.objects.create(user=user, restaurant=serving_restaurant(2))
    client = Client()
    client.force_login(user)
    assert client.get(FIND, {"q": booking.reference}).context["matches"] == []


def test_without_the_right_to_see_bookings_none_is_found(sign_in: SignIn) -> None:
    booking = receive(serving_restaurant(4))
    assert sign_in("bookings.view_restaurant").get(FIND, {"q": booking.reference}).context["matches"] == []


def test_nothing_inline_and_nothing_from_elsewhere_is_allowed(sign_in: SignIn) -> None:
    policy = sign_in(*MAY_LOOK).get(FIND).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy

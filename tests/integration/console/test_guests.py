"""The page of guests' requests: a look first, then the file or the deed, by those who may."""

import json

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bookings.models import Booking, GuestErasure
from config.roles import MANAGER, OPS_AGENT, OPS_LEAD
from tests.factories import receive, serving_restaurant
from tests.integration.console.test_floor import client_of

pytestmark = pytest.mark.django_db

EMAIL = "ada@example.org"


@pytest.fixture
def booking() -> Booking:
    """Of a guest who still comes."""
    return receive(serving_restaurant(4))


def test_a_look_tells_what_would_go_and_changes_nothing(booking: Booking) -> None:
    page = client_of(OPS_LEAD, booking.restaurant).post("/guests/", {"email": EMAIL.upper()})
    text = page.content.decode()
    for words in (booking.reference, "To come", "Erase this guest", "<dt>Bookings</dt><dd>1</dd>"):
        assert words in text
    assert "no-store" in page.headers["Cache-Control"]
    assert Booking.objects.get().guest_email == EMAIL


def test_erasing_says_so_without_naming_the_guest(booking: Booking) -> None:
    client = client_of(MANAGER, booking.restaurant)
    asked = {"email": EMAIL, "step": "erase", "also_coming": "on"}
    page = client.post("/guests/", asked, follow=True).content.decode()
    assert "The guest was erased from 1 rows and files" in page
    assert EMAIL not in page
    assert Booking.objects.get().guest_email == ""
    assert GuestErasure.objects.get().actor == User.objects.get()
    assert "done before" in client.post("/guests/", asked, follow=True).content.decode()


def test_a_guest_who_still_comes_is_refused_with_the_way_out(booking: Booking) -> None:
    page = client_of(OPS_LEAD, booking.restaurant).post("/guests/", {"email": EMAIL, "step": "erase"})
    assert f"a table to come to: {booking.reference}. Cancel it first" in page.content.decode()
    assert Booking.objects.get().guest_email == EMAIL


def test_an_export_is_a_file(booking: Booking) -> None:
    answer = client_of(OPS_LEAD, booking.restaurant).post("/guests/", {"email": EMAIL, "step": "export"})
    assert answer.headers["Content-Disposition"] == 'attachment; filename="guest.json"'
    assert json.loads(answer.content)["bookings"][0]["reference"] == booking.reference


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"email": "nobody@example.org"}, "Nothing here belongs to this guest"),
        ({"email": "nobody"}, "nobody is no e-mail address"),
        ({"phone": "12"}, "12 is no phone number"),
        ({"step": "erase"}, "Name the guest"),
        ({"email": "x" * 300}, "E-mail address: Ensure"),
        ({"reference": "B-\x00"}, "Null characters"),
    ],
)
def test_what_names_nobody_is_told_so(asked: dict[str, str], why: str, booking: Booking) -> None:
    page = client_of(OPS_LEAD, booking.restaurant).post("/guests/", asked)
    assert page.status_code == 200
    assert why in page.content.decode()
    assert not GuestErasure.objects.exists()


def test_only_those_who_may_and_work_for_every_restaurant_get_in(booking: Booking) -> None:
    client = client_of(OPS_AGENT, booking.restaurant)
    assert client.get("/guests/").status_code == 403
    User.objects.get().user_permissions.add(Permission.objects.get(codename="erase_guest"))
    assert client.post("/guests/", {"email": EMAIL}).status_code == 403
    User.objects.get().user_permissions.add(Permission.objects.get(codename="every_restaurant"))
    assert client.post("/guests/", {"email": EMAIL}).status_code == 200


def test_the_queries_of_a_look_do_not_grow_with_the_bookings(booking: Booking) -> None:
    client = client_of(OPS_LEAD, booking.restaurant)
    client.post("/guests/", {"email": EMAIL})
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.post("/guests/", {"email": EMAIL})
        counts.append(len(queries))
        receive(serving_restaurant(4))
    assert counts[0] == counts[1]

"""Changes guests asked for: shown beside what stands, and answered from the queue's pages."""

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bookings.cancellation import cancel
from bookings.change_request import BookingChange
from bookings.changes import change
from bookings.models import ChangeWish, Restaurant
from config.roles import OPS_AGENT, VIEWER
from tests.factories import NOW, dinner, serving_restaurant
from tests.integration.bookings.evening import confirmed
from tests.integration.console.test_floor import client_of
from tests.invariants import breaches

pytestmark = pytest.mark.django_db

PAGE = "/review/wishes/"


@pytest.fixture
def house() -> Restaurant:
    return serving_restaurant(2, 4)


def wished(house: Restaurant, hour: int = 19) -> ChangeWish:
    """Two people who would be four, while the table of four is taken."""
    booking = confirmed(house, start=dinner(hour))
    confirmed(house, party_size=4, start=dinner(hour))
    left = change(booking_id=booking.pk, wish=BookingChange(party_size=4), now=NOW, on_no_seating="review")
    assert left.wish is not None
    return left.wish


def test_a_wish_is_refused_with_words_until_there_is_a_table(house: Restaurant) -> None:
    wish, client = wished(house), client_of(OPS_AGENT, house)
    assert "Changes asked for" in client.get("/review/").content.decode()
    page = client.get(PAGE).content.decode()
    assert wish.booking.reference in page
    assert "4 people" in page
    accept = reverse("admin:review_wish_accept", args=[wish.pk])
    answer = client.post(accept)
    assert (answer.status_code, LogEntry.objects.count()) == (409, 0)
    assert "Nothing was changed" in answer.content.decode()

    cancel(booking_id=house.bookings.get(party_size=4).pk, now=NOW)
    assert client.post(accept).status_code == 302
    wish.refresh_from_db()
    wish.booking.refresh_from_db()
    assert (wish.status, wish.booking.party_size, LogEntry.objects.count()) == ("accepted", 4, 1)
    assert breaches(unfinished=True) == {}
    assert "Nobody asked for a change" in client.get(PAGE).content.decode()


def test_a_wish_is_declined_once(house: Restaurant) -> None:
    wish, client = wished(house), client_of(OPS_AGENT, house)
    decline = reverse("admin:review_wish_decline", args=[wish.pk])
    assert client.post(decline).status_code == 302
    answer = client.post(decline)
    assert answer.status_code == 409
    assert "is declined" in answer.content.decode()


def test_a_viewer_and_people_of_other_houses_answer_nothing(house: Restaurant) -> None:
    wish = wished(house)
    viewer = client_of(VIEWER, house, name="vera")
    assert "as wished: " not in viewer.get(PAGE).content.decode()
    stranger = client_of(OPS_AGENT, serving_restaurant(2))
    assert wish.booking.reference not in stranger.get(PAGE).content.decode()
    for step in ("accept", "decline"):
        address = reverse(f"admin:review_wish_{step}", args=[wish.pk])
        assert viewer.post(address).status_code == 403
        assert stranger.post(address).status_code == 404
    wish.refresh_from_db()
    assert wish.status == "open"


def test_the_page_costs_the_same_however_many_wish(house: Restaurant) -> None:
    client = client_of(OPS_AGENT, house)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(PAGE)
        return len(captured)

    wished(house)
    client.get(PAGE)
    one = queries()
    wished(house, 21)
    assert queries() == one


def test_a_saved_view_is_dropped_by_a_button_where_it_is_shown(house: Restaurant) -> None:
    client = client_of(OPS_AGENT, house)
    client.post("/review/views/", {"name": "Large", "query": "party=5"})
    page = client.get("/review/?party=5").content.decode()
    assert "Drop the view Large" in page
    assert "Name these filters" not in page
    assert "Drop the view" not in client.get("/review/?party=9").content.decode()
    client.post("/review/views/drop/", {"name": "Large"})
    assert "Drop the view" not in client.get("/review/?party=5").content.decode()

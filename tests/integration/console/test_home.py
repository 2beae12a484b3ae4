"""The home page: counts, links and a fixed number of queries."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client, RequestFactory

from assignments.coordinator import process_booking
from bookings.cancellation import cancel
from bookings.models import Booking, Closure, Restaurant
from config.console.home import home
from config.console.services_today import services_today
from observability.scope import Scope
from tests.factories import NOW, dinner, receive, serving_restaurant
from tests.integration.console.conftest import SignIn

pytestmark = pytest.mark.django_db


EVERYTHING = Scope(restaurants=None)


def page(now: datetime = NOW) -> dict[str, Any]:
    request = RequestFactory().get("/")
    request.user = User(username="root", is_staff=True, is_superuser=True)
    request.restaurant_scope = EVERYTHING  # type: ignore[attr-defined]
    return home(request, admin.site, now=now)


def assigned(restaurant: Restaurant, **wishes: Any) -> Booking:
    booking = receive(restaurant, **wishes)
    process_booking(booking_id=booking.pk, trigger="test")
    return booking


def test_todays_services_count_bookings_by_what_is_to_be_done() -> None:
    restaurant = serving_restaurant(4)
    assigned(restaurant, guest_name="Seated")
    assigned(restaurant, guest_name="Too many")
    receive(restaurant, start=dinner(21))
    left = receive(restaurant, start=dinner(22))
    cancel(booking_id=left.pk, now=NOW)
    receive(restaurant, start=dinner(day=1))

    (line,) = page()["restaurants"]
    counts = [f.count for f in (line.bookings, line.confirmed, line.review, line.unfinished)]
    assert counts == [3, 1, 1, 1]
    assert line.guests == 6
    assert line.services == ("Dinner 17:00 to 00:30",)


def test_a_service_that_runs_past_midnight_is_still_todays() -> None:
    restaurant = serving_restaurant(4)
    receive(restaurant)
    after_midnight = NOW.replace(hour=0, minute=15) + timedelta(days=1)
    (day,) = services_today(after_midnight, EVERYTHING)
    assert [sitting.day.isoformat() for sitting in day.sittings] == ["2027-03-05", "2027-03-06"]
    assert sum(day.bookings.values()) == 1


def test_today_is_each_restaurants_own_day() -> None:
    serving_restaurant(2, name="Auckland", timezone="Pacific/Auckland")
    serving_restaurant(2, name="Honolulu", timezone="Pacific/Honolulu")
    days = services_today(datetime(2027, 3, 5, 11, 30, tzinfo=UTC), EVERYTHING)
    # Half past midnight in Auckland, half past one in Honolulu: the first still serves Friday's dinner.
    assert [(d.restaurant.name, d.sittings[-1].day.isoformat()) for d in days] == [
        ("Auckland", "2027-03-06"),
        ("Honolulu", "2027-03-05"),
    ]


def test_a_closed_restaurant_does_not_serve_today() -> None:
    restaurant = serving_restaurant(2)
    Closure.objects.create(restaurant=restaurant, starts_on=NOW.date(), ends_on=NOW.date())
    assert services_today(NOW, EVERYTHING) == []


def test_figures_link_to_lists_of_exactly_what_they_count(admin_client: Client) -> None:
    restaurant = serving_restaurant(4)
    assigned(restaurant)
    assigned(restaurant)
    receive(serving_restaurant(4), start=dinner(20))

    context = page()
    lines = [f for line in context["restaurants"] for f in (line.bookings, line.confirmed, line.review)]
    tiles = [tile.figure for tile in page(datetime.now(UTC))["tiles"]]
    for figure in [*lines, *tiles, context["received"]]:
        listed = admin_client.get(figure.url)
        assert listed.status_code == 200, figure.url
        if figure is not context["received"]:
            assert listed.context["cl"].result_count == figure.count, figure.url


def test_links_name_instants_with_their_offset() -> None:
    serving_restaurant(4)
    (line,) = page()["restaurants"]
    query = parse_qs(urlsplit(line.bookings.url).query)
    assert query["start_at__gte"] == ["2027-03-05T17:00:00+00:00"]
    assert query["start_at__lt"] == ["2027-03-06T00:30:00+00:00"]


def test_newest_bookings_show_tables_and_the_restaurants_time() -> None:
    restaurant = serving_restaurant(4, timezone="Europe/Athens", name="Psari")
    booking = assigned(restaurant, start=dinner(18))
    (line,) = page()["newest"]
    assert (line.reference, line.tables) == (booking.reference, (restaurant.tables.get().number,))
    assert (line.start.day, line.start.clock) == ("Fri 5 Mar", "20:00 EET")
    assert line.start.utc == "2027-03-05 18:00 UTC"


def test_the_verdict_asks_for_a_person_only_if_one_is_needed(admin_client: Client) -> None:
    assert "services have no bookings." in admin_client.get("/").content.decode()
    now = datetime.now(UTC)
    restaurant = serving_restaurant(4)
    start = services_today(now, EVERYTHING)[-1].sittings[-1].opens + timedelta(hours=1)
    for _ in range(2):
        booking = receive(restaurant, start=start, now=start - timedelta(days=1))
        process_booking(booking_id=booking.pk, trigger="test")
    html = admin_client.get("/").content.decode()
    assert " 2 bookings needs a person." in html
    assert re.search(r'<a class="btn btn--go" href="[^"]*manual_review[^"]*">Open it</a>', html)


def test_an_empty_console_says_so(admin_client: Client) -> None:
    html = admin_client.get("/").content.decode()
    assert "No booking yet" in html
    assert "No restaurant serves today" in html


def test_without_the_permission_no_booking_is_shown(sign_in: SignIn) -> None:
    booking = assigned(serving_restaurant(4))
    html = sign_in("bookings.view_restaurant").get("/").content.decode()
    assert "You cannot see bookings" in html
    assert booking.reference not in html


def test_the_number_of_queries_does_not_grow_with_rows(
    sign_in: SignIn, django_assert_max_num_queries: Any
) -> None:
    client = sign_in("bookings.view_booking")

    def queries() -> int:
        with django_assert_max_num_queries(14) as captured:
            assert client.get("/").status_code == 200
        return len(captured)

    assigned(serving_restaurant(4))
    few = queries()
    for _ in range(3):
        restaurant = serving_restaurant(4, 2, 6)
        for hour in (18, 19, 20):
            assigned(restaurant, start=dinner(hour))
    assert queries() == few

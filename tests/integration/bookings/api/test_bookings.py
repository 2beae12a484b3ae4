"""Bookings over HTTP: made, read, listed, and taken through the evening."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bookings.models import Booking, BookingStatus, Restaurant
from tests.factories import NOW, receive
from tests.integration.admin.booking_rows import hold
from tests.integration.bookings.api.conftest import Caller, refused
from tests.integration.bookings.api.wishes import tomorrow_at, wish


def test_a_booking_is_made_and_found_at_the_address_of_the_answer(web: Caller) -> None:
    made = web.post("bookings", wish(notes="near the window"))
    assert made.status_code == 201
    answer = made.json()
    assert made.headers["Location"] == f"/api/v1/bookings/{answer['reference']}"
    booking = Booking.objects.get(reference=answer["reference"])
    assert (booking.channel, booking.guest_name, booking.notes) == ("web", "Ada Guest", "near the window")
    assert web.get(f"bookings/{answer['reference']}").json() == answer
    assert (answer["status"], answer["assignment_state"], answer["tables"]) == ("pending", "created", [])


def test_answers_tell_times_in_utc_and_on_the_restaurants_clock(web: Caller) -> None:
    answer = web.post("bookings", wish()).json()
    local = tomorrow_at().replace(tzinfo=ZoneInfo("Europe/London"))
    assert answer["timezone"] == "Europe/London"
    assert answer["start_local"] == local.isoformat()
    assert answer["start"].endswith("Z")
    assert datetime.fromisoformat(answer["start"]) == local


def test_a_start_with_an_offset_is_that_instant(web: Caller) -> None:
    local = tomorrow_at().replace(tzinfo=ZoneInfo("Europe/London"))
    other_clock = local.astimezone(ZoneInfo("America/New_York")).isoformat()
    answer = web.post("bookings", wish(start=other_clock)).json()
    assert datetime.fromisoformat(answer["start"]) == local


def test_what_the_restaurant_cannot_take_is_refused_with_field_and_way_out(web: Caller) -> None:
    too_many = refused(web.post("bookings", wish(party_size=13)), 422, "party_size")
    assert "call the restaurant" in too_many["errors"][0]["message"]
    closed = refused(web.post("bookings", wish(start=tomorrow_at(9).isoformat())), 422, "start")
    assert "it serves: Dinner 17:00-00:30" in closed["detail"]
    zone = refused(web.post("bookings", wish(zone="Roof")), 422, "zone")
    assert "there are: Zone" in zone["detail"]


def test_a_booking_is_cancelled_once_and_again_without_change(web: Caller) -> None:
    reference = web.post("bookings", wish()).json()["reference"]
    first = web.post(f"bookings/{reference}/cancel")
    assert (first.status_code, first.json()["status"]) == (200, "cancelled")
    assert web.post(f"bookings/{reference}/cancel").json() == first.json()


def confirmed(restaurant: Restaurant, **wishes: Any) -> Booking:
    booking = receive(restaurant, **wishes)
    booking.status = BookingStatus.CONFIRMED
    booking.save(update_fields=["status"])
    return booking


def begun(restaurant: Restaurant) -> Booking:
    """A confirmed booking whose start has passed."""
    booking = confirmed(restaurant)
    start = datetime(2020, 3, 5, 19, 0, tzinfo=UTC)
    Booking.objects.filter(pk=booking.pk).update(start_at=start, end_at=start.replace(hour=21))
    return booking


def test_a_party_is_checked_in_and_completed(web: Caller, restaurant: Restaurant) -> None:
    booking = confirmed(restaurant)
    hold(booking, restaurant.tables.all()[0])
    arrived = web.post(f"bookings/{booking.reference}/check-in").json()
    assert (arrived["status"], arrived["tables"]) == ("checked_in", [restaurant.tables.all()[0].number])
    assert web.post(f"bookings/{booking.reference}/complete").json()["status"] == "completed"


def test_a_party_that_did_not_come_is_marked(web: Caller, restaurant: Restaurant) -> None:
    answer = web.post(f"bookings/{begun(restaurant).reference}/no-show")
    assert (answer.status_code, answer.json()["status"]) == (200, "no_show")


@pytest.mark.parametrize("step", ["check-in", "complete", "no-show"])
def test_a_step_that_does_not_follow_is_a_conflict(web: Caller, restaurant: Restaurant, step: str) -> None:
    booking = receive(restaurant)
    problem = refused(web.post(f"bookings/{booking.reference}/{step}"), 409)
    assert "is pending" in problem["detail"]


def test_a_party_that_came_cannot_be_cancelled_any_more(web: Caller, restaurant: Restaurant) -> None:
    booking = confirmed(restaurant)
    web.post(f"bookings/{booking.reference}/check-in")
    assert "checked in" in refused(web.post(f"bookings/{booking.reference}/cancel"), 409)["detail"]


@pytest.mark.parametrize("step", ["cancel", "check-in", "complete", "no-show"])
def test_imported_history_stays_as_it_is(web: Caller, restaurant: Restaurant, step: str) -> None:
    booking = confirmed(restaurant)
    Booking.objects.filter(pk=booking.pk).update(assignment_state=None, assignment_state_version=0)
    problem = refused(web.post(f"bookings/{booking.reference}/{step}"), 409)
    assert "imported history" in problem["detail"]


def test_the_list_goes_page_by_page_without_loss_while_bookings_come_in(
    web: Caller, restaurant: Restaurant
) -> None:
    wanted = [receive(restaurant).reference for _ in range(5)][::-1]
    seen, address = [], "bookings?limit=2"
    while address:
        page = web.client.get(f"/api/v1/{address}", headers={"Authorization": f"Bearer {web.secret}"}).json()
        seen += [one["reference"] for one in page["results"]]
        receive(restaurant)
        address = (page["next"] or "").removeprefix("/api/v1/")
    assert seen == wanted


def references(response: Any) -> set[str]:
    assert response.status_code == 200, response.content
    return {one["reference"] for one in response.json()["results"]}


def test_the_list_is_narrowed_by_filters(web: Caller, restaurant: Restaurant) -> None:
    one, other = receive(restaurant), confirmed(restaurant, channel="phone", start=NOW.replace(hour=20))
    both = {one.reference, other.reference}
    assert references(web.get("bookings")) == both
    assert references(web.get("bookings", status="confirmed")) == {other.reference}
    assert references(web.get("bookings", channel="web")) == {one.reference}
    assert references(web.get("bookings", assignment_state="created")) == both
    assert references(web.get("bookings", restaurant="anchor")) == both
    assert references(web.get("bookings", restaurant="elsewhere")) == set()
    assert references(web.get("bookings", start_from="2027-03-05T20:00:00Z")) == {other.reference}
    assert references(web.get("bookings", start_before="2027-03-05T21:00:00+01:00")) == {one.reference}
    assert references(web.get("bookings", created_from="2027-03-05T12:00Z")) == both
    assert references(web.get("bookings", created_before="2027-03-05T12:00Z")) == set()
    assert references(web.get("bookings", start_from="0001-01-01T00:00+14:00")) == both
    assert references(web.get("bookings", start_from="9999-12-31T23:59:59-14:00")) == set()


def test_filters_that_make_no_sense_are_refused_by_name(web: Caller) -> None:
    refused(web.get("bookings", state="confirmed"), 400, "state")
    refused(web.get("bookings", status="done"), 400, "status")
    for moment in ("yesterday", "%", "%s", "2027-13-05T20:00Z"):
        refused(web.get("bookings", start_from=moment), 400, "start_from")
    assert (
        "has no offset"
        in refused(web.get("bookings", start_from="2027-03-05T20:00"), 400, "start_from")["detail"]
    )
    for limit in ("0", "201", "-1", "x", "1e9", "٣"):
        refused(web.get("bookings", limit=limit), 400, "limit")
    for cursor in ("", "nowhere", "\x00", "B-222222"):
        refused(web.get("bookings", cursor=cursor), 400, "cursor")


def queries(web: Caller, path: str) -> int:
    with CaptureQueriesContext(connection) as run:
        assert web.get(path).status_code == 200
    return len(run)


def test_list_and_detail_ask_as_often_however_many_bookings_there_are(
    web: Caller, restaurant: Restaurant
) -> None:
    booking = receive(restaurant, zone=restaurant.zones.get())
    hold(booking, restaurant.tables.all()[0])
    web.get("bookings")  # notes the token's use, once an hour
    assert queries(web, "bookings") == 4  # token, bookings, their tables, their wishes
    assert queries(web, f"bookings/{booking.reference}") == 4
    for day in range(1, 20):
        other = receive(restaurant, start=NOW.replace(day=5 + day, hour=19))
        hold(other, restaurant.tables.all()[0])
    assert len(web.get("bookings").json()["results"]) == 20
    assert queries(web, "bookings") == 4
    assert queries(web, f"bookings/{booking.reference}") == 4

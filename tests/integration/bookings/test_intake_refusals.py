"""What intake refuses, each with its field and the way out; pacing with the nearest free time."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from bookings.intake import LONGEST_TEXT, MOST_GUESTS
from bookings.models import (
    Booking,
    BookingStatus,
    Closure,
    PacingLimit,
    Restaurant,
    ServicePeriod,
)
from tests.factories import ZoneFactory, dinner, receive, serving_restaurant
from tests.integration.bookings.asking import EAST, WEST, naive, refusal


@pytest.fixture
def restaurant(db: None) -> Restaurant:
    return serving_restaurant(4, name="Bistro")


# Refusals -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wishes", "field", "told"),
    [
        ({"party_size": 0}, "party_size", "0 is no party; give the number of guests"),
        ({"party_size": -3}, "party_size", "-3 is no party; give the number of guests"),
        (
            {"party_size": 13},
            "party_size",
            "13 guests are more than Bistro seats without a call (12); call the restaurant",
        ),
        ({"party_size": MOST_GUESTS + 1, "by_staff": True}, "party_size", "check the number"),
        ({"channel": ""}, "channel", "name where the booking comes from"),
        ({"channel": "  "}, "channel", "name where the booking comes from"),
        ({"guest_email": "ada"}, "guest_email", "write it like name@example.org"),
        ({"guest_email": "a@example.org\nBcc: b@example.org"}, "guest_email", "write it like"),
        ({"requires": ("sea_view",)}, "requires", "known: accessible, high_chair, window, quiet"),
        ({"idempotency_key": ""}, "idempotency_key", "leave it out or send one of the booking's own"),
        ({"guest_name": "Ada\x00"}, "guest_name", "cannot be stored"),
        ({"notes": "\ud83c"}, "notes", "cannot be stored"),
        ({"start": dinner(11)}, "start", "11:00 UTC has passed; choose a later time"),
        (
            {"start": dinner(16, 59)},
            "start",
            "Bistro does not serve at 2027-03-05 16:59; that day it serves: Dinner 17:00-00:30",
        ),
        (
            {"start": dinner(23, 30)},
            "start",
            "23:30 is too late for 75 minutes at Dinner, which closes at 00:30; the latest start is 23:15",
        ),
        (
            {"end": dinner(1, day=1)},
            "start",
            "19:00 is too late for 360 minutes at Dinner, which closes at 00:30; the latest start is 18:30",
        ),
        (
            {"end": dinner(3, day=1)},
            "end",
            "480 minutes are longer than Dinner lasts; give an end no later than 00:30",
        ),
        ({"end": dinner()}, "end", "is not after the start; give a later one or leave it out"),
        ({"end": dinner(18)}, "end", "is not after the start"),
        ({"start": dinner().replace(year=2207)}, "start", "the year 2207 is too far ahead; check the date"),
        ({"start": naive("9999-12-31 23:59")}, "start", "year 9999"),
        ({"start": naive("0001-01-01 00:00")}, "start", "passed"),
        ({"end": datetime(9999, 12, 31, 23, tzinfo=UTC)}, "end", "no later than 00:30"),
        # The ends of Python's calendar: in UTC these fall off it.
        ({"start": datetime(9999, 12, 31, 23, tzinfo=WEST)}, "start", "the year 9999 is out of range"),
        ({"start": datetime(1, 1, 1, 1, tzinfo=EAST)}, "start", "the year 1 is out of range"),
        ({"end": datetime(9999, 12, 31, 23, tzinfo=WEST)}, "end", "the year 9999 is out of range"),
    ],
)
def test_a_refusal_names_the_field_and_the_way_out(
    restaurant: Restaurant, wishes: dict[str, Any], field: str, told: str
) -> None:
    refused = refusal(restaurant, **wishes)
    assert refused.field == field
    assert told in refused.message


@pytest.mark.parametrize("field", LONGEST_TEXT)
def test_texts_may_be_as_long_as_said_and_no_longer(restaurant: Restaurant, field: str) -> None:
    longest = LONGEST_TEXT[field]
    assert longest <= (Booking._meta.get_field(field).max_length or longest)  # type: ignore[union-attr]
    address = f"{'a' * 59}@{'.'.join(['b' * 60] * 3)}.example.org"
    text = {"guest_email": address}.get(field, "🎂" * longest)
    assert len(text) == longest
    wishes: dict[str, Any] = {field: text}
    receive(restaurant, **wishes)
    refused = refusal(restaurant, **{field: text + "g"})
    assert refused.field == field
    assert f"{longest + 1} characters are too many; write at most {longest}" in refused.message


def test_a_restaurant_that_takes_no_bookings_is_refused(db: None) -> None:
    refused = refusal(serving_restaurant(4, active=False, name="Old Bistro"))
    assert (refused.field, refused.message) == ("restaurant", "Old Bistro takes no bookings at present")


def test_a_zone_of_another_restaurant_is_refused(restaurant: Restaurant) -> None:
    refused = refusal(restaurant, zone=ZoneFactory(name="Terrace"))
    assert (refused.field, refused.message) == ("zone", "Terrace is not a zone of Bistro")


def test_a_closed_day_is_refused_with_the_advice_to_choose_another(restaurant: Restaurant) -> None:
    Closure.objects.create(restaurant=restaurant, starts_on=date(2027, 3, 5), ends_on=date(2027, 3, 5))
    refused = refusal(restaurant)
    assert refused.field == "start"
    assert refused.message.endswith("that day it serves: nothing, so choose another day")


def test_a_start_past_the_last_seating_is_told_the_last_seating(restaurant: Restaurant) -> None:
    ServicePeriod.objects.filter(restaurant=restaurant).update(last_seating=time(20, 30))
    receive(restaurant, start=dinner(20, 30))
    refused = refusal(restaurant, start=dinner(20, 31))
    assert refused.field == "start"
    assert refused.message.endswith("the latest start is 20:30")


def test_no_start_in_the_past_is_offered(restaurant: Restaurant) -> None:
    ServicePeriod.objects.filter(restaurant=restaurant).update(last_seating=time(20))
    refused = refusal(restaurant, start=dinner(21), now=dinner(20, 30))
    assert refused.message.endswith("choose another day")


def test_staff_may_enter_parties_that_are_too_large_for_automatic_seating(restaurant: Restaurant) -> None:
    assert receive(restaurant, party_size=40, by_staff=True).party_size == 40


# Pacing -------------------------------------------------------------------------------------------


@pytest.fixture
def paced(restaurant: Restaurant) -> Restaurant:
    """A restaurant where six guests may arrive in a quarter of an hour."""
    PacingLimit.objects.create(restaurant=restaurant, interval_minutes=15, max_covers=6)
    return restaurant


def test_guests_may_arrive_up_to_the_limit_of_an_interval(paced: Restaurant) -> None:
    for minute in (0, 5, 14):
        receive(paced, start=dinner(19, minute))
    refused = refusal(paced, start=dinner(19, 7), party_size=1)
    assert refused.field == "start"
    assert refused.message == "too many guests arrive at 19:07 already; the nearest free time is 18:52"
    receive(paced, start=dinner(18, 52), party_size=1)


def test_the_nearest_free_time_is_earlier_or_later_whichever_is_nearer(paced: Restaurant) -> None:
    for minutes in (0, -15, 15, -30):
        receive(paced, start=dinner() + timedelta(minutes=minutes), party_size=6)
    assert refusal(paced).message.endswith("the nearest free time is 19:30")


def test_no_free_time_in_the_past_is_offered(paced: Restaurant) -> None:
    receive(paced, party_size=6)
    refused = refusal(paced, now=dinner(18, 50))
    assert refused.message.endswith("the nearest free time is 19:15")


def test_no_free_time_outside_the_service_is_offered(paced: Restaurant) -> None:
    ServicePeriod.objects.filter(restaurant=paced).update(opens=time(19), last_seating=time(19, 10))
    receive(paced, party_size=6)
    assert refusal(paced).message.endswith("choose another day")


def test_guests_who_do_not_come_make_room(paced: Restaurant) -> None:
    booking = receive(paced, party_size=6)
    Booking.objects.filter(pk=booking.pk).update(status=BookingStatus.NO_SHOW)
    receive(paced)


def test_other_restaurants_guests_do_not_count(paced: Restaurant) -> None:
    receive(serving_restaurant(8), party_size=6)
    receive(paced, party_size=6)


def test_a_party_no_interval_can_take_is_told_so_and_not_sent_from_day_to_day(paced: Restaurant) -> None:
    refused = refusal(paced, party_size=7)
    assert refused.field == "party_size"
    assert "7 guests are more than Bistro lets arrive at once (6)" in refused.message

"""Bookable times: what is offered is taken, what is not says why."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from assignments.coordinator import process_booking
from bookings.allocations import hold
from bookings.availability import BookableTime, bookable_times
from bookings.intake_rules import IntakeError
from bookings.models import Closure, PacingLimit, Restaurant, TableBlock, Zone
from tests.factories import NOW, dinner, receive, serving_restaurant
from tests.integration.bookings.evening import EDGE, confirmed

pytestmark = pytest.mark.django_db

DAY = NOW.date()


def times(restaurant: Restaurant, **asked: Any) -> list[BookableTime]:
    return bookable_times(**{"restaurant": restaurant, "party_size": 2, "date": DAY, "now": NOW, **asked})


def why(found: list[BookableTime], hour: int, minute: int = 0) -> str | None:
    (match,) = [time for time in found if time.start == dinner(hour, minute)]
    return match.why_not.reason if match.why_not else None


def test_every_quarter_of_an_hour_of_the_service_is_listed_in_order() -> None:
    found = times(serving_restaurant(2))
    # Dinner is from 17:00 to 0:30, and a party of two stays 75 minutes.
    assert [time.start for time in found] == [dinner(17) + n * timedelta(minutes=15) for n in range(26)]
    assert all(time.bookable and time.service == "Dinner" for time in found)
    assert {time.end - time.start for time in found} == {timedelta(minutes=75)}


def test_a_day_without_service_has_no_times() -> None:
    restaurant = serving_restaurant(2)
    Closure.objects.create(restaurant=restaurant, starts_on=DAY, ends_on=DAY)
    assert times(restaurant) == []


def test_each_time_that_is_not_bookable_says_why() -> None:
    restaurant = serving_restaurant(2)
    confirmed(restaurant, start=dinner(20))
    PacingLimit.objects.create(restaurant=restaurant, interval_minutes=30, max_covers=3)
    confirmed(restaurant, start=dinner(18), party_size=1)
    confirmed(restaurant, start=dinner(23), party_size=1)
    TableBlock.objects.create(
        restaurant=restaurant, table=restaurant.tables.get(), start_at=dinner(21, 30), end_at=dinner(22, 30)
    )
    found = times(restaurant, now=dinner(17, 10))
    assert why(found, 17) == "too_close_to_start"
    assert why(found, 17, 15) == "no_assignment"
    assert why(found, 20, 15) == "pacing"
    assert why(found, 21, 30) == "blocked"
    assert all(time.why_not is None or time.why_not.sentence.endswith(".") for time in found)


def test_needs_nobody_can_meet_say_so_at_every_time() -> None:
    restaurant = serving_restaurant(2)
    other = Zone.objects.create(restaurant=restaurant, name="Terrace")
    assert {time.why_not.reason for time in times(restaurant, zone=other) if time.why_not} == {
        "attribute_unmet"
    }
    assert {time.why_not.reason for time in times(restaurant, party_size=4) if time.why_not} == {
        "party_too_large"
    }


def test_a_house_without_tables_offers_nothing() -> None:
    assert not any(time.bookable for time in times(serving_restaurant()))


def test_a_party_the_house_takes_at_no_time_is_refused() -> None:
    with pytest.raises(IntakeError, match="call"):
        times(serving_restaurant(2), party_size=40)


def test_a_full_day_is_answered_at_once_and_with_few_queries() -> None:
    """40 tables, 100 bookings: the facts are read once, whatever the number of times."""
    restaurant = serving_restaurant(*[2, 4] * 18, *[6, 8] * 2, join=True)
    restaurant.refresh_from_db()
    tables = list(restaurant.tables.order_by("pk"))
    for number in range(100):
        # Three sittings one after the other, so that each booking has a table to itself.
        booking = receive(restaurant, start=dinner(17 + number // 40 * 2, number % 3 * 15))
        hold(booking=booking, tables=[tables[number % 40].pk], now=NOW)
    times(restaurant)  # the floor plan's sets are found once per process
    fastest = float("inf")
    for _ in range(5):
        began = time.perf_counter()
        with CaptureQueriesContext(connection) as queries:
            found = times(restaurant)
        fastest = min(fastest, time.perf_counter() - began)
    assert len(found) == 26
    assert len(queries) <= 7  # calendar 3, pacing, seatings, blocks, flags
    # A tenth of a second is what is promised, and half of it measured; the rest is for busy machines.
    assert fastest < 0.2


class Offers(TestCase):
    @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        taken=st.lists(st.tuples(st.integers(17, 22), st.sampled_from([0, 15, 30, 45]), st.integers(1, 4))),
        party=st.integers(1, 4),
        data=st.data(),
    )
    def test_a_time_that_is_offered_is_confirmed_when_it_is_booked(
        self, taken: list[tuple[int, int, int]], party: int, data: st.DataObject
    ) -> None:
        restaurant = serving_restaurant(2, 4)
        for hour, minute, size in taken:
            booking = receive(restaurant, start=dinner(hour, minute), party_size=size)
            process_booking(booking_id=booking.pk, trigger="test", edge=EDGE)
        offered = [time for time in times(restaurant, party_size=party) if time.bookable]
        if offered:
            chosen = data.draw(st.sampled_from(offered))
            confirmed(restaurant, start=chosen.start, party_size=party)

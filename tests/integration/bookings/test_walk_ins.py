"""Parties at the door: seated at once, or told when there will be a table."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from bookings.intake_rules import IntakeError
from bookings.models import Booking, StateChange
from bookings.seating import NoSeatingError
from bookings.walk_ins import walk_in
from tests.factories import dinner, serving_restaurant
from tests.integration.bookings.evening import confirmed, mails, sound, tables, tasks

pytestmark = pytest.mark.django_db

AT_THE_DOOR = dinner(19, 7)


def test_a_walk_in_sits_at_once_and_stays_its_turn_time() -> None:
    user = User.objects.create(username="ada")
    booking = walk_in(restaurant=serving_restaurant(2), party_size=2, now=AT_THE_DOOR, actor_id=user.pk)
    assert (booking.status, booking.assignment_state) == ("checked_in", "confirmed")
    assert (booking.start_at, booking.end_at) == (AT_THE_DOOR, AT_THE_DOOR + timedelta(minutes=75))
    assert len(tables(booking)) == 1
    assert booking.assignment_strategy != ""
    assert set(StateChange.objects.values_list("actor_id", flat=True)) == {user.pk}
    assert tasks(booking) == []
    assert mails(booking) == []
    assert sound()


def test_a_walk_in_who_leaves_an_address_gets_a_confirmation() -> None:
    booking = walk_in(
        restaurant=serving_restaurant(2), party_size=2, now=AT_THE_DOOR, guest_email="ada@example.org"
    )
    assert mails(booking) == [("confirmation", 1, "pending")]
    assert sound()


def test_a_walk_in_without_a_table_is_told_the_next_free_time() -> None:
    restaurant = serving_restaurant(2)
    confirmed(restaurant, start=dinner(19))
    before = Booking.objects.count()
    with pytest.raises(NoSeatingError) as refusal:
        walk_in(restaurant=restaurant, party_size=2, now=AT_THE_DOOR)
    (offer,) = refusal.value.alternatives
    # The table is free at 20:20; starts are looked at in steps of a quarter of an hour.
    assert offer.wish.start == dinner(20, 22)
    assert Booking.objects.count() == before


def test_a_walk_in_may_have_a_later_booking_moved() -> None:
    restaurant = serving_restaurant(2, 4)
    later = confirmed(restaurant, start=dinner(21, 30))
    walk_in(restaurant=restaurant, party_size=2, now=dinner(18), end=dinner(21))
    long = walk_in(restaurant=restaurant, party_size=3, now=dinner(18), end=dinner(22))
    assert long.status == "checked_in"
    later.refresh_from_db()
    assert not set(tables(later)) & set(tables(long))
    assert sound()


@pytest.mark.parametrize(
    ("field", "asked"),
    [
        ("start", {"now": dinner(12)}),
        ("party_size", {"party_size": 0}),
        ("end", {"end": dinner(18)}),
        ("notes", {"notes": "\x00"}),
        ("channel", {"channel": " "}),
    ],
)
def test_what_the_house_refuses_names_its_field(field: str, asked: dict[str, Any]) -> None:
    with pytest.raises(IntakeError) as refusal:
        walk_in(**{"restaurant": serving_restaurant(2), "party_size": 2, "now": AT_THE_DOOR, **asked})
    assert refusal.value.field == field

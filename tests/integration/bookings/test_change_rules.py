"""Changes of guest data, of parties that came or went, and the rules of intake for new values."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from bookings.changes import ChangeError
from bookings.intake_rules import IntakeError
from bookings.models import (
    Booking,
    OutboxMessage,
    PacingLimit,
)
from bookings.seating import NoSeatingError
from tests.factories import NOW, dinner, serving_restaurant
from tests.integration.bookings.changing import change_to, created
from tests.integration.bookings.evening import (
    OVER,
    confirmed,
    events_of,
    mails,
    seated,
    sound,
    tables,
    told,
)

pytestmark = pytest.mark.django_db


# Guest data alone


def test_guest_data_is_saved_without_touching_the_table() -> None:
    booking = told(confirmed(serving_restaurant(2)))
    rows = list(booking.allocations.values_list("pk", flat=True))
    changed = change_to(booking, guest_name="Grace Guest", notes="by the window, please")

    assert changed.seating == "untouched"
    assert (booking.guest_name, booking.revision) == ("Grace Guest", 1)
    assert list(booking.allocations.values_list("pk", flat=True)) == rows
    (event,) = events_of(booking, "booking.changed")
    assert event["fields"] == ["guest_name", "notes"]
    assert "Grace" not in str(event)
    assert mails(booking) == [("confirmation", 1, "sent")]
    assert sound()


@pytest.mark.parametrize("before", ["", "ada@example.org"])
def test_a_new_address_is_told_how_the_booking_stands(before: str) -> None:
    booking = told(confirmed(serving_restaurant(2), guest_email=before))
    change_to(booking, guest_email="new@example.org")
    assert booking.revision == 2
    assert mails(told(booking))[-1] == ("changed" if before else "confirmation", 2, "sent")
    assert sound()


def test_the_same_values_again_change_nothing() -> None:
    booking = told(confirmed(serving_restaurant(2)))
    before = Booking.objects.values().get(pk=booking.pk)
    changed = change_to(
        booking, party_size=2, start=booking.start_at, end=booking.end_at, guest_name=booking.guest_name
    )
    assert changed.seating == "untouched"
    assert Booking.objects.values().get(pk=booking.pk) == before


# After the party has come or gone


@pytest.mark.parametrize("status", OVER)
def test_a_booking_that_is_over_is_not_changed(status: str) -> None:
    booking = confirmed(serving_restaurant(2))
    OVER[status](booking)
    with pytest.raises(ChangeError, match=f"is {status}"):
        change_to(booking, notes="too late")


def test_imported_history_is_not_changed() -> None:
    booking = created()
    Booking.objects.filter(pk=booking.pk).update(assignment_state=None, assignment_state_version=0)
    with pytest.raises(ChangeError, match="history"):
        change_to(booking, party_size=3)


def test_a_party_that_sits_may_stay_longer_if_its_table_is_free() -> None:
    booking = confirmed(serving_restaurant(2))
    seated(booking)
    later = booking.end_at + timedelta(minutes=30)
    assert change_to(booking, end=later, now=booking.start_at).seating == "kept"
    assert booking.end_at == later
    assert tables(booking) != []
    assert sound()


def test_a_party_that_sits_may_not_stay_into_the_next_ones_time() -> None:
    restaurant = serving_restaurant(2)
    booking = confirmed(restaurant)
    confirmed(restaurant, start=dinner(21))
    seated(booking)
    end = booking.end_at
    with pytest.raises(NoSeatingError, match="another party"):
        change_to(booking, end=dinner(21, 30), now=booking.start_at)
    booking.refresh_from_db()
    assert booking.end_at == end
    assert tables(booking) != []


@pytest.mark.parametrize("wish", [{"party_size": 3}, {"start": dinner(20)}, {"requires": ("window",)}])
def test_a_party_that_sits_changes_nothing_but_its_end(wish: dict[str, Any]) -> None:
    booking = confirmed(serving_restaurant(4))
    seated(booking)
    with pytest.raises(IntakeError, match="checked in"):
        change_to(booking, now=booking.start_at, **wish)


def test_the_end_of_a_party_that_sits_lies_ahead_and_within_a_day() -> None:
    booking = confirmed(serving_restaurant(4))
    seated(booking)
    for end in (booking.start_at, booking.start_at + timedelta(days=2)):
        with pytest.raises(IntakeError, match="end"):
            change_to(booking, end=end, now=booking.start_at + timedelta(minutes=5))


# The rules of intake


RULES: list[tuple[str, dict[str, Any]]] = [
    ("party_size", {"party_size": 0}),
    ("party_size", {"party_size": 40}),
    ("start", {"start": NOW - timedelta(hours=1)}),
    ("start", {"start": dinner(12, 30)}),
    ("end", {"end": dinner(18)}),
    ("requires", {"requires": ("piano",)}),
    ("guest_email", {"guest_email": "nobody"}),
    ("notes", {"notes": "x" * 3_000}),
    # London's clocks go forward at one o'clock on 28 March 2027.
    ("start", {"start": dinner().replace(month=3, day=28, hour=1, minute=30, tzinfo=None)}),
]


@pytest.mark.parametrize(("field", "wish"), RULES)
@pytest.mark.parametrize("make", [created, lambda: confirmed(serving_restaurant(2, 4))])
def test_new_values_keep_to_the_rules_of_intake(
    make: Callable[[], Booking], field: str, wish: dict[str, Any]
) -> None:
    booking = make()
    before = Booking.objects.values().get(pk=booking.pk)
    with pytest.raises(IntakeError) as refusal:
        change_to(booking, **wish)
    assert refusal.value.field == field
    assert Booking.objects.values().get(pk=booking.pk) == before


def test_a_change_keeps_to_the_pacing_without_counting_itself() -> None:
    restaurant = serving_restaurant(4, 4)
    PacingLimit.objects.create(restaurant=restaurant, interval_minutes=15, max_covers=4)
    booking = confirmed(restaurant)
    confirmed(restaurant, party_size=2, start=dinner(19))
    assert change_to(booking, start=dinner(19, 5)).seating == "kept"
    with pytest.raises(IntakeError, match="arrive"):
        change_to(booking, party_size=3)
    assert change_to(booking, party_size=3, by_staff=True).seating == "kept"


def test_a_length_somebody_chose_is_kept_and_a_turn_time_is_not() -> None:
    restaurant = serving_restaurant(6, 6)
    turn = confirmed(restaurant)
    chosen = confirmed(restaurant, end=dinner(20))
    for booking in (turn, chosen):
        change_to(booking, party_size=6, start=dinner(18))
    assert turn.end_at - turn.start_at == timedelta(minutes=105)
    assert chosen.end_at - chosen.start_at == timedelta(minutes=60)
    change_to(chosen, end=None)
    assert chosen.end_at - chosen.start_at == timedelta(minutes=105)


# Mail


def test_a_guest_who_was_told_nothing_yet_gets_one_mail_with_the_new_values() -> None:
    booking = confirmed(serving_restaurant(4))
    change_to(booking, party_size=3)
    change_to(booking, party_size=4)
    assert mails(told(booking)) == [
        ("confirmation", 1, "void"),
        ("confirmation", 2, "void"),
        ("confirmation", 3, "sent"),
    ]
    assert OutboxMessage.objects.values("message_id").distinct().count() == 3
    assert sound()

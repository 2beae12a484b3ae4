"""Changes, walk-ins and availability over HTTP: what is seated, and what is offered instead."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from assignments.coordinator import process_booking
from bookings.models import Booking, ChangeWish, Restaurant
from tests.integration.bookings.api.conftest import Caller, issue, refused
from tests.integration.bookings.api.wishes import tomorrow_at, wish


def confirmed(web: Caller, **wishes: Any) -> dict[str, Any]:
    """A booking that was taken to its table."""
    reference = web.post("bookings", wish(**wishes)).json()["reference"]
    process_booking(booking_id=Booking.objects.get(reference=reference).pk, trigger="test")
    booking: dict[str, Any] = web.get(f"bookings/{reference}").json()
    assert booking["status"] == "confirmed"
    return booking


def test_a_change_that_keeps_its_table_is_done(web: Caller) -> None:
    booking = confirmed(web, party_size=3)
    changed = web.patch(f"bookings/{booking['reference']}", {"party_size": 4})
    assert changed.status_code == 200
    assert changed.json()["party_size"] == 4
    assert changed.json()["tables"] == booking["tables"]


def test_a_change_to_another_time_is_answered_with_it(web: Caller) -> None:
    booking = confirmed(web)
    later = tomorrow_at(20).isoformat()
    changed = web.patch(f"bookings/{booking['reference']}", {"start": later}).json()
    assert changed["start_local"].startswith(later)
    assert changed["pending_change"] is None


def full_house(web: Caller) -> dict[str, Any]:
    """The table for six is taken until 19:05; the answer is a booking of two for 19:00."""
    confirmed(web, party_size=6, start=tomorrow_at(17, 15).isoformat())
    return confirmed(web, party_size=2)


def test_a_change_without_a_table_is_refused_with_alternatives_and_changes_nothing(web: Caller) -> None:
    booking = full_house(web)
    address = f"bookings/{booking['reference']}"
    problem = refused(web.patch(address, {"party_size": 5}), 409)
    assert problem["type"].endswith("no-seating")
    assert problem["alternatives"]
    for offer in problem["alternatives"]:
        assert offer["kind"] in {"shift", "shorter"}
        assert offer["party_size"] == 5
        assert offer["start_local"][:16] != booking["start_local"][:16] or offer["kind"] == "shorter"
    assert web.get(address).json() == booking


def test_an_alternative_can_be_taken(web: Caller) -> None:
    address = f"bookings/{full_house(web)['reference']}"
    offer = refused(web.patch(address, {"party_size": 5}), 409)["alternatives"][0]
    taken = {name: offer[name] for name in ("party_size", "start", "end", "zone", "requires")}
    changed = web.patch(address, taken)
    assert changed.status_code == 200, changed.content
    assert changed.json()["start"] == offer["start"]


def test_a_change_without_a_table_can_be_left_to_people(web: Caller) -> None:
    booking = full_house(web)
    address = f"bookings/{booking['reference']}"
    left = web.patch(address, {"party_size": 5, "on_no_seating": "review"})
    assert left.status_code == 202
    assert (left.json()["party_size"], left.json()["status"]) == (2, "confirmed")
    assert left.json()["pending_change"]["party_size"] == 5
    assert web.get(address).json()["pending_change"] == left.json()["pending_change"]
    assert ChangeWish.objects.count() == 1


def test_guest_data_can_be_corrected(web: Caller) -> None:
    booking = confirmed(web)
    changed = web.patch(f"bookings/{booking['reference']}", {"guest_name": "Ada L.", "zone": None})
    assert (changed.status_code, changed.json()["guest_name"]) == (200, "Ada L.")


def test_a_cancelled_booking_cannot_be_changed(web: Caller) -> None:
    reference = web.post("bookings", wish()).json()["reference"]
    web.post(f"bookings/{reference}/cancel")
    refused(web.patch(f"bookings/{reference}", {"party_size": 3}), 409)


# Walk-ins


@pytest.fixture
def evening(monkeypatch: pytest.MonkeyPatch, restaurant: Restaurant) -> datetime:
    """It is 18:00 of tomorrow evening at the door."""
    now = tomorrow_at(18).replace(tzinfo=restaurant.tzinfo).astimezone(UTC)
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    return now


def door(**changes: Any) -> dict[str, Any]:
    return {"restaurant": "anchor", "party_size": 2, **changes}


def test_a_party_at_the_door_is_seated_at_once(web: Caller, evening: datetime) -> None:
    seated = web.post("walk-ins", door(guest_name="Grace"))
    assert seated.status_code == 201, seated.content
    answer = seated.json()
    assert (answer["status"], answer["channel"], len(answer["tables"])) == ("checked_in", "web", 1)
    assert datetime.fromisoformat(answer["start"]) == evening
    assert web.get(f"bookings/{answer['reference']}").json() == answer


def test_a_party_without_a_table_learns_when_there_will_be_one(web: Caller, evening: datetime) -> None:
    for size in (2, 4, 6):
        assert web.post("walk-ins", door(party_size=size)).status_code == 201
    problem = refused(web.post("walk-ins", door()), 409)
    (offer,) = problem["alternatives"]
    assert datetime.fromisoformat(offer["start"]) > evening
    assert Booking.objects.count() == 3


def test_a_walk_in_sent_twice_sits_once(
    web: Caller, evening: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = web.post("walk-ins", door(), Idempotency_Key="d1")
    monkeypatch.setattr("django.utils.timezone.now", lambda: evening + timedelta(minutes=1))
    again = web.post("walk-ins", door(), Idempotency_Key="d1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    refused(web.post("walk-ins", door(party_size=3), Idempotency_Key="d1"), 409, "Idempotency-Key")
    refused(web.post("bookings", wish(), Idempotency_Key="d1"), 409, "Idempotency-Key")
    assert Booking.objects.count() == 1


def test_nobody_is_seated_outside_the_services(
    web: Caller, evening: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: evening - timedelta(hours=6))
    refused(web.post("walk-ins", door()), 422, "start")


# Availability


def times_of(response: Any) -> dict[str, Any]:
    assert response.status_code == 200, response.content
    return {time["start_local"][11:16]: time for time in response.json()["times"]}


def test_a_day_shows_every_time_and_why_not(web: Caller) -> None:
    full_house(web)
    asked = {"party_size": 6, "date": f"{tomorrow_at():%Y-%m-%d}"}
    times = times_of(web.get("restaurants/anchor/availability", **asked))
    assert times["19:15"]["bookable"]
    assert times["19:15"]["why_not"] is None
    assert not times["19:00"]["bookable"]
    assert times["19:00"]["why_not"]["sentence"]
    booked = web.post("bookings", wish(party_size=6, start=times["21:30"]["start"]))
    assert booked.status_code == 201
    assert booked.json()["end"] == times["21:30"]["end"]


def test_a_day_is_narrowed_to_a_zone_and_needs(web: Caller, restaurant: Restaurant) -> None:
    zone = restaurant.zones.get().name
    asked = {"party_size": 2, "date": f"{tomorrow_at():%Y-%m-%d}", "zone": zone}
    address = f"restaurants/{restaurant.pk}/availability"
    assert times_of(web.get(address, **asked))["19:00"]["bookable"]
    with_needs = times_of(web.get(address, **asked, requires=["window", "quiet"]))
    assert not with_needs["19:00"]["bookable"]


def test_a_day_of_another_restaurant_is_not_there(restaurant: Restaurant) -> None:
    elsewhere = Caller(secret=issue().secret)
    refused(elsewhere.get("restaurants/anchor/availability", party_size=2, date="2027-03-05"), 404)

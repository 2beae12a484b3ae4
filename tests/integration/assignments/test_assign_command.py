"""``manage.py assign``: one booking by hand, with the explained decision."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from assignments.coordinator import process_booking
from bookings.models import Allocation, Booking, StateChange
from observability.models import Event
from tests.factories import dinner, receive, serving_restaurant

pytestmark = pytest.mark.django_db


def run(*options: str) -> str:
    output = StringIO()
    call_command("assign", *options, stdout=output)
    return output.getvalue()


def written() -> list[int]:
    return [model._default_manager.count() for model in (StateChange, Event, Allocation)]


def test_a_booking_is_confirmed_and_the_decision_explained() -> None:
    restaurant = serving_restaurant(2, 2, 8)
    booking = receive(restaurant)
    low, high, big = restaurant.tables.order_by("pk")

    told = run(booking.reference)

    booking.refresh_from_db()
    assert booking.assignment_state == "confirmed"
    assert f"Confirmed at {low.number}" in told
    assert "Plans considered: 2" in told
    assert f"1. {low.number}, score" in told
    assert f"2. {high.number}, score" in told
    assert f"{big.number}: would leave too many seats empty" in told


def test_the_tables_in_the_way_are_told_with_who_holds_them_and_until_when() -> None:
    restaurant = serving_restaurant(2)
    rival, booking = receive(restaurant), receive(restaurant)
    process_booking(booking_id=rival.pk, trigger="test")

    told = run(str(booking.pk))

    assert "Handed to people: No table is left" in told
    assert "Proof:" in told
    assert f"held by another booking ({rival.reference}) until 05 Mar" in told


def test_a_dry_run_plans_and_changes_nothing() -> None:
    booking = receive(serving_restaurant(2))
    before = written()

    told = run(booking.reference, "--dry-run")

    booking.refresh_from_db()
    assert "nothing was changed" in told
    assert "Plans considered: 1" in told
    assert booking.assignment_state == "created"
    assert written() == before


def test_a_dry_run_of_a_refusal_offers_the_nearest_alternatives() -> None:
    restaurant = serving_restaurant(2)
    process_booking(booking_id=receive(restaurant).pk, trigger="test")
    booking = receive(restaurant, start=dinner(20))

    told = run(booking.reference, "--dry-run")

    assert "Nearest alternatives:" in told
    assert "minutes later" in told


def test_a_party_that_is_never_planned_is_told_why() -> None:
    booking = receive(serving_restaurant(20, max_party_auto=4), party_size=5, by_staff=True)

    assert "larger than the house seats" in run(booking.reference, "--dry-run")
    assert "Handed to people" in run(booking.reference)


def test_a_booking_that_is_done_is_left_alone_and_its_latest_attempt_shown() -> None:
    booking = receive(serving_restaurant(2))
    run(booking.reference)
    before = Booking.objects.get(pk=booking.pk).assignment_state_version

    told = run(booking.reference)

    assert "Nothing to do: already confirmed." in told
    assert "Plans considered: 1" in told
    assert Booking.objects.get(pk=booking.pk).assignment_state_version == before


def test_json_carries_outcome_and_decision() -> None:
    booking = receive(serving_restaurant(2))

    dry = json.loads(run(booking.reference, "--dry-run", "--json"))
    real = json.loads(run(booking.reference, "--json"))

    assert dry["dry_run"] is True
    assert dry["outcome"] is None
    assert real["outcome"]["kind"] == "confirmed"
    assert real["state"] == "confirmed"
    assert dry["decision"]["plans"] == real["decision"]["plans"]


@pytest.mark.parametrize("name", ["B-NEVER1", "424242", "9" * 30, "²"])
def test_an_unknown_booking_is_refused(name: str) -> None:
    with pytest.raises(CommandError, match="no booking has the reference or id") as refused:
        run(name)

    assert refused.value.returncode == 2

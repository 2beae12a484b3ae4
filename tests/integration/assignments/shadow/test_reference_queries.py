"""The reference documents' queries, word for word, on the rows of a restaurant in shadow mode.

The bookings lie ahead of the database's clock, so "the last 24 hours" holds all of them.
"""

from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from assignments.engine.flags import Mode
from bookings.models import Booking
from tests.factories import receive, serving_restaurant
from tests.integration.assignments.legacy.driving import decide, run, shadowed
from tests.invariants import breaches

pytestmark = pytest.mark.django_db

FOLDER = Path(__file__).parents[3] / "reference_queries"


def answer(name: str) -> list[tuple[Any, ...]]:
    """The rows of one documented query."""
    with connection.cursor() as cursor:
        cursor.execute((FOLDER / f"{name}.sql").read_text(encoding="utf-8"))
        return list(cursor.fetchall())


@pytest.fixture
def shadow_evening() -> list[Booking]:
    """Three bookings that fit and one that does not, at a restaurant in shadow mode."""
    restaurant = serving_restaurant(2, 2, 2)
    bookings = [receive(restaurant) for _ in range(4)]
    for booking in bookings[:3]:
        shadowed(booking)
    for _ in range(3):
        run(bookings[3], mode=Mode.SHADOW)
    shadowed(bookings[3])
    assert breaches(unfinished=True) == {}
    return bookings


def test_the_success_rates_of_legacy_and_shadow_stand_side_by_side(shadow_evening: list[Booking]) -> None:
    rows = {
        name: (successes, total, float(rate)) for name, successes, total, rate in answer("legacy_vs_shadow")
    }
    assert rows == {"legacy": (3, 4, 75.0), "coordinator_shadow": (3, 4, 75.0)}


def test_a_restaurant_on_legacy_alone_adds_nothing_to_the_shadows_side(shadow_evening: list[Booking]) -> None:
    decide(receive(serving_restaurant(2)))
    rows = {name: (successes, total) for name, successes, total, _ in answer("legacy_vs_shadow")}
    assert rows == {"legacy": (4, 5), "coordinator_shadow": (3, 4)}


@pytest.mark.parametrize("name", ["event_volume", "shadow_is_active"])
def test_the_event_volume_is_that_of_the_transitions_v3_would_have_made(
    shadow_evening: list[Booking], name: str
) -> None:
    # Five transitions for each that is confirmed, four for the one that goes to people.
    assert [row[:2] for row in answer(name)] == [("booking.assignment_state_transition", 3 * 5 + 4)]


def test_the_bookings_are_what_legacy_made_of_them(shadow_evening: list[Booking]) -> None:
    [(_, confirmed, total, rate)] = answer("confirmation_rate")
    assert (confirmed, total, float(rate)) == (3, 4, 75.0)
    assert {(state, count) for state, count, _ in answer("bookings_by_state")} == {
        ("confirmed", 3),
        ("manual_review", 1),
    }


def test_both_paths_show_in_the_real_time_query(shadow_evening: list[Booking]) -> None:
    assert answer("legacy_and_coordinator_events") == [(19, 4, 4)]


def test_the_reasons_of_v3s_reviews_can_be_read(shadow_evening: list[Booking]) -> None:
    assert answer("review_reasons") == [("no_capacity_at_time", 1)]


def test_only_what_failed_has_a_reason(shadow_evening: list[Booking]) -> None:
    assert answer("success_error_ratio") == [("booking.assignment_state_transition", 19, 18, 1)]


def test_the_transitions_by_hour_end_with_the_two_outcomes(shadow_evening: list[Booking]) -> None:
    counts = {(origin, to): count for _, origin, to, count, _ in answer("transitions_by_hour")}
    assert counts["assigned", "confirmed"] == 3
    assert counts["assignment_in_progress", "manual_review"] == 1

from dataclasses import replace
from datetime import date, timedelta
from random import Random

import pytest

from bookings.demand.arrivals import bookings_for
from bookings.demand.floor_plans import BISTRO, TEMPLATES
from bookings.demand.layout import Layout, LayoutError
from bookings.demand.load import (
    DEMO_LOAD,
    OVERBOOKED_LOAD,
    QUIET_LOAD,
    bookings_expected,
    minutes_within,
    next_peak_day,
    peak_window,
)

from .engine_days import seated_by_best_fit

FRIDAY = date(2026, 6, 12)
MONDAY = date(2026, 6, 15)
SEEDS = range(20)

every_template = pytest.mark.parametrize("layout", TEMPLATES, ids=lambda layout: layout.slug)


def accepted(layout: Layout, load: float, seeds: range = SEEDS) -> float:
    """Share of bookings that the engine's direct fit seats, over several Fridays."""
    days = [bookings_for(layout=layout, days=[FRIDAY], load=load, rng=Random(seed)) for seed in seeds]
    return sum(seated_by_best_fit(layout, day) for day in days) / sum(len(day) for day in days)


@every_template
def test_at_load_one_guests_ask_for_all_seats_of_the_peak_hours(layout: Layout) -> None:
    window = peak_window(layout=layout, day=FRIDAY)
    asked = [
        arrival.party_size * minutes_within(window, arrival.start, arrival.end)
        for seed in range(40)
        for arrival in bookings_for(layout=layout, days=[FRIDAY], load=1, rng=Random(seed))
        if arrival.party_size <= layout.max_party_auto
    ]
    assert sum(asked) / 40 == pytest.approx(layout.seats * 180, rel=0.05)


@every_template
def test_bookings_grow_with_load_and_halve_on_a_monday(layout: Layout) -> None:
    friday = bookings_expected(layout=layout, day=FRIDAY, load=1)
    assert bookings_expected(layout=layout, day=FRIDAY, load=2) == pytest.approx(2 * friday, abs=1)
    assert bookings_expected(layout=layout, day=MONDAY, load=1) == pytest.approx(friday / 2, rel=0.05, abs=1)


@every_template
def test_best_fit_seats_about_nine_in_ten_of_the_demo(layout: Layout) -> None:
    assert 0.85 <= accepted(layout, DEMO_LOAD) <= 0.95


@every_template
def test_best_fit_seats_nearly_all_when_quiet_and_far_from_all_when_overbooked(layout: Layout) -> None:
    assert accepted(layout, QUIET_LOAD) >= 0.92
    assert accepted(layout, OVERBOOKED_LOAD, range(4)) <= 0.65


def test_pacing_refuses_hardly_anybody_of_the_demo() -> None:
    asked = refused = 0
    for layout in TEMPLATES:
        for seed in SEEDS:
            covers: dict[object, int] = {}
            for arrival in bookings_for(layout=layout, days=[FRIDAY], load=DEMO_LOAD, rng=Random(seed)):
                starting = covers.get(arrival.start, 0) + arrival.party_size
                asked += 1
                if starting > layout.pacing.covers:
                    refused += 1
                else:
                    covers[arrival.start] = starting
    assert refused / asked < 0.01


def test_a_closed_restaurant_expects_nobody() -> None:
    assert bookings_expected(layout=replace(BISTRO, services=()), day=FRIDAY, load=1) == 0


def test_load_needs_the_peak_hours() -> None:
    lunch_only = replace(BISTRO, services=tuple(s for s in BISTRO.services if s.name == "Lunch"))
    with pytest.raises(LayoutError, match="serves nobody from 18:00 to 21:00"):
        bookings_expected(layout=lunch_only, day=FRIDAY, load=1)


@pytest.mark.parametrize(
    ("after", "peak"),
    [(MONDAY, 4), (FRIDAY, 1), (FRIDAY + timedelta(days=1), 6), (FRIDAY - timedelta(days=1), 1)],
)
def test_the_next_peak_day_is_the_next_friday_or_saturday(after: date, peak: int) -> None:
    assert next_peak_day(after) == after + timedelta(days=peak)

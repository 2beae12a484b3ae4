from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bookings.demand.accommodating import AccommodatingDay, accommodating_day
from bookings.demand.arrivals import Arrival
from bookings.demand.floor_plans import BISTRO, HALL, TEMPLATES
from bookings.demand.layout import Layout, LayoutError
from bookings.demand.published import PARTY_SIZES
from bookings.demand.seatings import seatings_by_party

from .engine_days import seated_by_best_fit

FRIDAY = date(2026, 6, 12)


def share_tables_and_time(layout: Layout, one: Arrival, other: Arrival, day: AccommodatingDay) -> bool:
    buffer = timedelta(minutes=layout.buffer_minutes)
    in_time = one.start < other.end + buffer and other.start < one.end + buffer
    return in_time and not set(day.seating[one.key]).isdisjoint(day.seating[other.key])


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(TEMPLATES), st.integers(), st.floats(0.3, 1))
def test_the_hidden_seating_seats_every_booking_legally(layout: Layout, seed: int, fullness: float) -> None:
    day = accommodating_day(layout=layout, day=FRIDAY, fullness=fullness, rng=Random(seed))
    by_party = {
        size: {seating.tables: seating for seating in seatings}
        for size, seatings in seatings_by_party(layout).items()
    }
    assert set(day.seating) == {arrival.key for arrival in day.arrivals}
    for arrival in day.arrivals:
        seating = by_party[arrival.party_size][day.seating[arrival.key]]
        assert arrival.zone in (None, seating.zone)
        assert set(arrival.requires) <= set(seating.attributes)
    assert not any(
        share_tables_and_time(layout, one, other, day) for one, other in combinations(day.arrivals, 2)
    )


@pytest.mark.parametrize("fullness", [0.5, 0.7, 0.85])
@pytest.mark.parametrize("layout", TEMPLATES, ids=lambda layout: layout.slug)
def test_a_day_gets_about_as_full_as_asked(layout: Layout, fullness: float) -> None:
    days = [
        accommodating_day(layout=layout, day=FRIDAY, fullness=fullness, rng=Random(seed))
        for seed in range(12)
    ]
    assert sum(day.fullness for day in days) / len(days) == pytest.approx(fullness, abs=0.03)


def distance(sizes: Sequence[int], layout: Layout) -> float:
    """Total variation between the sizes and the published ones up to the restaurant's limit: 0 to 1."""
    published = {size: weight for size, weight in PARTY_SIZES.items() if size <= layout.max_party_auto}
    total, drawn = sum(published.values()), Counter(sizes)
    return sum(abs(drawn[size] / len(sizes) - published[size] / total) for size in published) / 2


@pytest.mark.parametrize("fullness", [0.6, 0.85])
@pytest.mark.parametrize("layout", TEMPLATES, ids=lambda layout: layout.slug)
def test_party_sizes_stay_close_to_the_published(layout: Layout, fullness: float) -> None:
    sizes = [
        arrival.party_size
        for seed in range(30)
        for arrival in accommodating_day(
            layout=layout, day=FRIDAY, fullness=fullness, rng=Random(seed)
        ).arrivals
    ]
    assert distance(sizes, layout) < 0.08


def test_best_fit_falls_short_of_a_full_day_that_could_be_seated_whole() -> None:
    days = [accommodating_day(layout=HALL, day=FRIDAY, fullness=0.9, rng=Random(seed)) for seed in range(8)]
    seated = sum(seated_by_best_fit(HALL, day.arrivals) for day in days)
    assert 0.85 <= seated / sum(len(day.arrivals) for day in days) <= 0.99


def test_guests_of_an_accommodating_day_come_as_booked() -> None:
    day = accommodating_day(layout=BISTRO, day=FRIDAY, fullness=0.8, rng=Random(1))
    assert not [arrival for arrival in day.arrivals if arrival.later]


@pytest.mark.parametrize("fullness", [0, -0.1, 1.1])
def test_an_impossible_fullness_is_refused(fullness: float) -> None:
    with pytest.raises(ValueError, match="share above 0 and up to 1"):
        accommodating_day(layout=BISTRO, day=FRIDAY, fullness=fullness, rng=Random(1))


def test_a_restaurant_without_dinner_has_no_accommodating_day() -> None:
    lunch_only = replace(BISTRO, services=tuple(s for s in BISTRO.services if s.name == "Lunch"))
    with pytest.raises(LayoutError, match="18:00 to 21:00"):
        accommodating_day(layout=lunch_only, day=FRIDAY, fullness=0.5, rng=Random(1))


def test_a_closed_day_is_refused() -> None:
    weekdays_only = replace(BISTRO, services=BISTRO.services_on(0))
    with pytest.raises(LayoutError, match="is closed on 2026-06-12"):
        accommodating_day(layout=weekdays_only, day=FRIDAY, fullness=0.5, rng=Random(1))

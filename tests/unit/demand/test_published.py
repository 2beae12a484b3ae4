"""The aggregates as published, computed from the tables rather than drawn."""

import pytest

from bookings.demand.published import (
    CANCELLATIONS,
    CHANGES,
    LEAD_TIMES,
    NO_SHOWS,
    PARTY_SIZES,
    START_HOURS,
    WEEKDAYS,
    LeadTimes,
    lead_times_of,
)

TOTAL = sum(PARTY_SIZES.values())
SHARES = [step / 2000 for step in range(1, 2000)]


def percent_of(sizes: range) -> float:
    return sum(PARTY_SIZES.get(size, 0) for size in sizes)


@pytest.mark.parametrize(
    ("sizes", "percent"),
    [
        (range(1, 2), 1.6),
        (range(2, 3), 42.7),
        (range(3, 4), 16.7),
        (range(4, 5), 13.6),
        (range(5, 6), 6.3),
        (range(6, 7), 4.9),
        (range(7, 8), 2.7),
        (range(8, 9), 2.7),
        (range(9, 13), 4.2),
        (range(13, 100), 4.6),
    ],
)
def test_party_sizes_are_as_published(sizes: range, percent: float) -> None:
    assert percent_of(sizes) == pytest.approx(percent)


def test_lunch_is_as_published() -> None:
    assert sum(percent for hour, percent in START_HOURS.items() if hour < 17) == pytest.approx(8.2)


def test_friday_and_saturday_are_double() -> None:
    assert {day for day, weight in WEEKDAYS.items() if weight == 2} == {4, 5}
    assert set(WEEKDAYS.values()) == {1, 2}


def test_shares_of_later_events_are_within_the_published_ranges() -> None:
    assert 0.10 <= CANCELLATIONS <= 0.20
    assert 0.05 <= NO_SHOWS <= 0.15
    assert pytest.approx(0.10) == CHANGES


@pytest.mark.parametrize(("party_size", "hours"), [(2, 24), (4, 48), (7, 93.6), (10, 192)])
def test_median_lead_time_grows_with_the_party(party_size: int, hours: float) -> None:
    assert lead_times_of(party_size).hours(0.5) == pytest.approx(hours)


@pytest.mark.parametrize(("share", "hours"), [(0.25, 5), (0.5, 48), (0.9, 336)])
def test_lead_times_over_all_bookings_add_up_to_the_published_ones(share: float, hours: float) -> None:
    booked_within = sum(
        weight * sum(lead_times_of(size).hours(part) <= hours for part in SHARES) / len(SHARES)
        for size, weight in PARTY_SIZES.items()
    )
    assert booked_within / TOTAL == pytest.approx(share, abs=0.005)


@pytest.mark.parametrize("band", LEAD_TIMES, ids=lambda band: f"up-to-{band.max_party}")
def test_lead_time_rises_with_the_share(band: LeadTimes) -> None:
    hours = [band.hours(part) for part in (0, *SHARES, 1)]
    assert hours == sorted(hours)
    assert hours[0] == pytest.approx(0.5)

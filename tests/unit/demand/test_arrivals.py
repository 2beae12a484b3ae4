import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, date, timedelta
from pathlib import Path
from random import Random
from statistics import median, quantiles

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bookings.demand.arrivals import Arrival, Habits, bookings_for
from bookings.demand.floor_plans import BISTRO, HALL, TEMPLATES
from bookings.demand.layout import Layout
from bookings.demand.published import CHANNELS, START_HOURS
from bookings.demand.seatings import seatings_by_party
from bookings.demand.variants import variant

FRIDAY = date(2026, 6, 12)
HOURS = timedelta(hours=1)

layouts = st.builds(
    variant, st.sampled_from(TEMPLATES), st.integers().map(Random), st.just("Any house")
) | st.sampled_from(TEMPLATES)
# Clock changes included.
days = st.dates(date(2026, 1, 1), date(2026, 12, 31))


def service_of(layout: Layout, arrival: Arrival) -> tuple[bool, bool]:
    """Whether it starts from opening to last seating, and whether it ends by closing, by the local clock."""
    start, end = (moment.astimezone(layout.tzinfo) for moment in (arrival.start, arrival.end))
    services = [found for found in layout.services_on(start.weekday()) if found.name == arrival.service]
    (service,) = services
    closing_day = start.date() + timedelta(days=service.ends_next_day)
    ends_in_time = (end.date(), end.time()) <= (closing_day, service.end)
    return service.start <= start.time() <= service.last_seating, ends_in_time


@settings(deadline=None, max_examples=60)
@given(layouts, days, st.integers())
def test_every_booking_is_one_the_restaurant_serves(layout: Layout, day: date, seed: int) -> None:
    arrivals = bookings_for(layout=layout, days=[day], load=0.3, rng=Random(seed))
    assert arrivals
    for arrival in arrivals:
        assert arrival.party_size >= 1
        assert arrival.start.astimezone(layout.tzinfo).date() == day
        assert arrival.start.minute % 15 == 0
        assert arrival.start.tzinfo is arrival.end.tzinfo is UTC
        minutes = layout.turn_minutes(service=arrival.service, party_size=arrival.party_size)
        assert arrival.end - arrival.start == timedelta(minutes=minutes)
        assert service_of(layout, arrival) == (True, True)
        assert arrival.received_at <= arrival.start - HOURS / 2


@settings(deadline=None, max_examples=30)
@given(layouts, days, st.integers())
def test_every_wish_can_be_met_by_a_seating_of_the_right_size(layout: Layout, day: date, seed: int) -> None:
    by_party = seatings_by_party(layout)
    eager = Habits(zone_wishes=1, attribute_wishes=1)
    for arrival in bookings_for(layout=layout, days=[day], load=0.3, rng=Random(seed), habits=eager):
        if arrival.party_size in by_party:
            assert arrival.zone
            assert any(
                seating.zone == arrival.zone and set(arrival.requires) <= set(seating.attributes)
                for seating in by_party[arrival.party_size]
            )


def test_arrivals_come_in_order_with_keys_of_their_own() -> None:
    arrivals = bookings_for(layout=HALL, days=[FRIDAY, FRIDAY + timedelta(days=1)], load=1, rng=Random(1))
    received = [arrival.received_at for arrival in arrivals]
    assert received == sorted(received)
    assert len({arrival.key for arrival in arrivals}) == len(arrivals) > 200


def test_guests_cannot_be_mistaken_for_real_ones() -> None:
    for arrival in bookings_for(layout=HALL, days=[FRIDAY], load=1, rng=Random(1)):
        assert arrival.guest.email.endswith("@example.org")
        assert arrival.guest.email.isascii()
        assert arrival.guest.phone.startswith("+447700900")
        assert len(arrival.guest.phone) == 13


def test_parties_above_the_limit_come_by_phone() -> None:
    arrivals = bookings_for(layout=BISTRO, days=[FRIDAY], load=20, rng=Random(1))
    large = [arrival for arrival in arrivals if arrival.party_size > BISTRO.max_party_auto]
    assert large
    assert {arrival.channel for arrival in large} == {"phone"}
    assert {arrival.channel for arrival in arrivals} == set(CHANNELS)


SCRIPT = """
from datetime import date
from random import Random
from bookings.demand.accommodating import accommodating_day
from bookings.demand.arrivals import bookings_for
from bookings.demand.floor_plans import TEMPLATES
from bookings.demand.variants import variant
for template in TEMPLATES:
    layout = variant(template, Random(7), "Seven")
    print(bookings_for(layout=layout, days=[date(2026, 6, 12)], load=0.5, rng=Random(7)))
    print(accommodating_day(layout=layout, day=date(2026, 6, 12), fullness=0.6, rng=Random(7)))
"""


def test_one_seed_gives_one_result_byte_for_byte_in_every_process() -> None:
    root = Path(__file__).parents[3]
    printed = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONUTF8": "1"},
            cwd=root,
            capture_output=True,
            check=True,
        ).stdout
        for hash_seed in ("0", "1")
    }
    assert len(printed) == 1
    assert len(printed.pop()) > 10_000


def test_another_seed_gives_another_day() -> None:
    first, second = (bookings_for(layout=HALL, days=[FRIDAY], load=1, rng=Random(seed)) for seed in (1, 2))
    assert not {arrival.key for arrival in first} & {arrival.key for arrival in second}
    assert [arrival.start for arrival in first] != [arrival.start for arrival in second]


@pytest.fixture(scope="module")
def crowd() -> tuple[Arrival, ...]:
    """A big sample where nearly every party size is taken: the hall."""
    return bookings_for(layout=HALL, days=[FRIDAY], load=100, rng=Random(2026))


def share(part: int, crowd: tuple[Arrival, ...]) -> float:
    return part / len(crowd)


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
def test_party_sizes_are_as_published(crowd: tuple[Arrival, ...], sizes: range, percent: float) -> None:
    drawn = sum(arrival.party_size in sizes for arrival in crowd)
    assert share(drawn, crowd) == pytest.approx(percent / 100, abs=0.015)


def test_start_hours_are_as_published(crowd: tuple[Arrival, ...]) -> None:
    hours = Counter(arrival.start.astimezone(HALL.tzinfo).hour for arrival in crowd)
    total = sum(START_HOURS.values())
    for hour in range(17, 23):
        assert share(hours[hour], crowd) == pytest.approx(START_HOURS[hour] / total, abs=0.02)
    assert share(hours[12] + hours[13] + hours[14], crowd) == pytest.approx(8.2 / total, abs=0.02)


def test_lead_times_are_as_published(crowd: tuple[Arrival, ...]) -> None:
    lead = [(arrival.start - arrival.received_at) / HOURS for arrival in crowd]
    assert median(lead) == pytest.approx(48, rel=0.1)
    assert quantiles(lead, n=4)[0] == pytest.approx(5, rel=0.1)
    assert quantiles(lead, n=10)[-1] == pytest.approx(14 * 24, rel=0.1)


@pytest.mark.parametrize(
    ("sizes", "median_days"), [(range(1, 3), 1), (range(3, 5), 2), (range(5, 9), 3.9), (range(9, 99), 8)]
)
def test_large_parties_book_earlier(crowd: tuple[Arrival, ...], sizes: range, median_days: float) -> None:
    lead = [(arrival.start - arrival.received_at) / HOURS for arrival in crowd if arrival.party_size in sizes]
    assert median(lead) == pytest.approx(median_days * 24, rel=0.15)


def test_friday_and_saturday_bring_twice_as_many() -> None:
    week = [FRIDAY + timedelta(days=step) for step in range(7)]
    counts = [len(bookings_for(layout=HALL, days=[day], load=1, rng=Random(1))) for day in week]
    for weekday_count in counts[2:]:
        assert counts[0] / weekday_count == pytest.approx(2, rel=0.03)
        assert counts[1] / weekday_count == pytest.approx(2, rel=0.03)

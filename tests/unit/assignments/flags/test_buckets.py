"""The bucket hash is fixed by published vectors, and cohorts drawn by it are nested."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignments.engine.flags import (
    BOOKING_SALT,
    BUCKETS,
    RESTAURANT_SALT,
    Frozen,
    bucket,
    draw_cohort,
)

VECTORS = json.loads((Path(__file__).parent / "buckets.json").read_text())["vectors"]
PUBLISHED = Path(__file__).parents[4] / "docs" / "flag-buckets.md"

SHARES = st.integers(1, BUCKETS)
RESTAURANTS = st.frozensets(st.integers(1, 60), max_size=25)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: f"{v['salt']}:{v['id']}")
def test_the_bucket_is_the_published_one(vector: dict[str, str | int]) -> None:
    assert bucket(str(vector["salt"]), int(vector["id"])) == vector["bucket"]
    assert int(str(vector["sha256"]), 16) % BUCKETS == vector["bucket"]


def test_the_vectors_cover_both_salts_and_the_page_repeats_them() -> None:
    assert {vector["salt"] for vector in VECTORS} == {RESTAURANT_SALT, BOOKING_SALT}
    known = {(v["salt"], str(v["id"]), v["sha256"][:8], str(v["bucket"])) for v in VECTORS}
    rows = [
        tuple(cell.strip().strip("`") for cell in line.strip("|").split("|"))
        for line in PUBLISHED.read_text().splitlines()
        if line.startswith("| `")
    ]
    assert rows
    assert set(rows) <= known


def test_buckets_are_spread_evenly() -> None:
    """10,000 ids, ten equal parts: 1,000 each, give or take five standard deviations (30 each)."""
    parts = [0] * 10
    for number in range(1, 10_001):
        parts[bucket(RESTAURANT_SALT, number) // 1000] += 1
    assert all(850 < part < 1150 for part in parts), parts


@given(restaurants=RESTAURANTS.filter(bool), share=SHARES)
def test_a_cohort_is_the_lowest_buckets_and_never_empty(restaurants: frozenset[int], share: int) -> None:
    cohort = draw_cohort(restaurants=restaurants, share=share)
    assert cohort
    assert cohort <= restaurants
    low = {restaurant for restaurant in restaurants if bucket(RESTAURANT_SALT, restaurant) < share}
    lowest = min(restaurants, key=lambda restaurant: bucket(RESTAURANT_SALT, restaurant))
    assert cohort == (low or {lowest})


@given(restaurants=RESTAURANTS, shares=st.tuples(SHARES, SHARES).map(sorted))
def test_a_larger_share_of_the_same_restaurants_takes_all_of_a_smaller(
    restaurants: frozenset[int], shares: list[int]
) -> None:
    small, large = (draw_cohort(restaurants=restaurants, share=share) for share in shares)
    assert small <= large


@given(st.lists(st.tuples(RESTAURANTS.filter(bool), SHARES), min_size=2, max_size=6))
def test_frozen_cohorts_stay_nested_whatever_restaurants_come_and_go(
    draws: list[tuple[frozenset[int], int]],
) -> None:
    frozen: list[Frozen] = []
    for restaurants, share in draws:
        members = draw_cohort(restaurants=restaurants, share=share, frozen=frozen)
        frozen.append(Frozen(share=share, members=members))
    for one in frozen:
        for other in frozen:
            # The list of 100 % is a record; in force it is everyone.
            if one.share < other.share < BUCKETS:
                assert one.members <= other.members, (one, other)


def test_everyone_is_in_at_100_percent() -> None:
    assert draw_cohort(restaurants=range(1, 200), share=BUCKETS) == frozenset(range(1, 200))


def test_a_restaurant_that_opens_in_a_phase_joins_with_the_next() -> None:
    """Restaurant 100 has bucket 703, so it would be in 10 %; the list of 50 % was frozen without it."""
    before, after = range(1, 100), range(1, 101)
    half = Frozen(share=5000, members=draw_cohort(restaurants=before, share=5000))
    assert 100 not in draw_cohort(restaurants=after, share=1000, frozen=[half])
    assert 100 in draw_cohort(restaurants=after, share=7000, frozen=[half])

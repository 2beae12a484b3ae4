"""Exposure: which changes of flags let V3 reach further."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignments.engine.exposure import NEWCOMER, exposure, raised
from assignments.engine.flags import BUCKETS, FlagSet, Mode, Override, Rule, mode
from tests.factories import NOW

HERE, THERE = 1, 2
LATER = NOW + timedelta(hours=4)

OFF = FlagSet()
COHORT = FlagSet(v3=Rule(members=frozenset({HERE})))
EVERYONE = FlagSet(v3=Rule(everyone=True))
SHADOW = FlagSet(shadow=Rule(everyone=True))


def override(share: int, until: object = None, *, of: FlagSet = OFF) -> FlagSet:
    own = {HERE: Override(share=share, expires_at=until)}  # type: ignore[arg-type]
    return FlagSet(v3=Rule(overrides=own, everyone=of.v3.everyone, members=of.v3.members))


def killed(flags: FlagSet) -> FlagSet:
    return FlagSet(killed=True, v3=flags.v3, shadow=flags.shadow)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (OFF, COHORT),
        (COHORT, EVERYONE),
        (OFF, SHADOW),
        (SHADOW, COHORT),  # decided rises here, although fewer are seen elsewhere
        (override(4_000), override(4_001)),
        (override(0, of=COHORT), COHORT),
        (killed(OFF), OFF),
        (killed(OFF), killed(COHORT)),
        (FlagSet(max_parallel=3), FlagSet(max_parallel=4)),
        # The cohort comes into force when the override ends that neither touches.
        (override(0, LATER), override(0, LATER, of=COHORT)),
    ],
)
def test_more_for_anybody_raises_exposure(before: FlagSet, after: FlagSet) -> None:
    assert raised(before, after, restaurants=[HERE, THERE], now=NOW)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (COHORT, OFF),
        (EVERYONE, COHORT),
        (SHADOW, OFF),
        (override(4_001), override(4_000)),
        (COHORT, override(0, of=COHORT)),
        (COHORT, killed(COHORT)),
        (FlagSet(max_parallel=4), FlagSet(max_parallel=3)),
        (COHORT, COHORT),
    ],
)
def test_less_for_everybody_does_not(before: FlagSet, after: FlagSet) -> None:
    assert not raised(before, after, restaurants=[HERE, THERE], now=NOW)


def test_an_override_that_ends_sooner_lets_v3_in_later() -> None:
    before, after = override(0, of=EVERYONE), override(0, LATER, of=EVERYONE)
    assert exposure(after, HERE, NOW) == exposure(before, HERE, NOW)
    assert raised(before, after, restaurants=[HERE], now=NOW)
    assert not raised(after, before, restaurants=[HERE], now=NOW)


def test_an_override_that_lasts_longer_keeps_v3_in_longer() -> None:
    assert raised(override(4_000, LATER), override(4_000), restaurants=[HERE], now=NOW)
    assert not raised(override(4_000), override(4_000, LATER), restaurants=[HERE], now=NOW)


def test_all_means_restaurants_that_do_not_exist_yet() -> None:
    all_of_today = FlagSet(v3=Rule(members=frozenset({HERE})))
    assert raised(all_of_today, EVERYONE, restaurants=[HERE], now=NOW)
    assert exposure(EVERYONE, NEWCOMER, NOW).decided == BUCKETS


@given(
    v3=st.integers(0, BUCKETS),
    shadow=st.integers(0, BUCKETS),
    booking=st.integers(1, 10**9),
)
def test_shares_say_what_bookings_get(v3: int, shadow: int, booking: int) -> None:
    """A share of none or all tells the mode of every booking; a larger share holds the smaller."""
    flags = FlagSet(
        v3=Rule(overrides={HERE: Override(share=v3)}), shadow=Rule(overrides={HERE: Override(share=shadow)})
    )
    found = exposure(flags, HERE, NOW)
    path = mode(flags, restaurant_id=HERE, booking_id=booking, now=NOW)
    assert found.decided <= found.seen
    if path is Mode.ACTIVE:
        assert found.decided > 0
    elif path is Mode.SHADOW:
        assert found.decided < found.seen
    else:
        assert found.seen < BUCKETS

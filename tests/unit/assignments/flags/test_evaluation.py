"""Which path a booking takes: kill, pin, override, cohort, off, in that order."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignments.engine.flags import (
    BOOKING_SALT,
    BUCKETS,
    KILLED,
    FlagSet,
    Mode,
    Override,
    Rule,
    Source,
    bucket,
    explain,
    mode,
)

NOW = datetime(2027, 3, 5, 12, tzinfo=UTC)
HERE, ELSEWHERE = 7, 8
BOOKING = 1

ON = Rule(members=frozenset({HERE}))
OFF = Rule()
ALL = Rule(everyone=True)


def path(
    *,
    v3: Rule = OFF,
    shadow: Rule = OFF,
    killed: bool = False,
    restaurant: int | None = HERE,
    booking: int | None = BOOKING,
) -> Mode:
    return mode(
        FlagSet(killed=killed, v3=v3, shadow=shadow), restaurant_id=restaurant, booking_id=booking, now=NOW
    )


def overridden(share: int, *, rule: Rule = OFF, expires_at: datetime | None = None) -> Rule:
    return Rule(
        pin=rule.pin,
        everyone=rule.everyone,
        members=rule.members,
        overrides={HERE: Override(share=share, expires_at=expires_at)},
    )


def test_a_fresh_set_of_flags_is_legacy_alone() -> None:
    assert mode(FlagSet(), restaurant_id=HERE, booking_id=BOOKING, now=NOW) is Mode.DISABLED


def test_v3_decides_for_the_cohort_and_shadow_is_for_whom_it_does_not() -> None:
    assert path(v3=ON, shadow=ALL) is Mode.ACTIVE
    assert path(v3=ON, shadow=ALL, restaurant=ELSEWHERE) is Mode.SHADOW
    assert path(v3=ON, restaurant=ELSEWHERE) is Mode.DISABLED


@pytest.mark.parametrize("rule", [ALL, Rule(pin=True), overridden(BUCKETS)])
def test_a_kill_beats_everything(rule: Rule) -> None:
    assert path(v3=rule, shadow=rule) is Mode.ACTIVE
    assert path(v3=rule, shadow=rule, killed=True) is Mode.DISABLED


@pytest.mark.parametrize("rule", [ALL, Rule(pin=True), overridden(BUCKETS)])
def test_a_booking_without_restaurant_goes_to_legacy(rule: Rule) -> None:
    assert path(v3=rule, shadow=rule, restaurant=None) is Mode.DISABLED


def test_the_environment_beats_override_and_cohort() -> None:
    assert path(v3=overridden(BUCKETS, rule=Rule(pin=False, everyone=True))) is Mode.DISABLED
    assert path(v3=overridden(0, rule=Rule(pin=True))) is Mode.ACTIVE


def test_an_override_beats_the_cohort_of_its_restaurant_alone() -> None:
    assert path(v3=overridden(0, rule=ALL)) is Mode.DISABLED
    assert path(v3=overridden(0, rule=ALL), restaurant=ELSEWHERE) is Mode.ACTIVE
    assert path(v3=overridden(BUCKETS)) is Mode.ACTIVE
    assert path(v3=overridden(BUCKETS), restaurant=ELSEWHERE) is Mode.DISABLED


def test_shadow_has_overrides_of_its_own() -> None:
    assert path(shadow=overridden(BUCKETS)) is Mode.SHADOW
    assert path(shadow=overridden(0, rule=ALL)) is Mode.DISABLED


def test_an_override_counts_until_the_moment_it_expires() -> None:
    assert path(v3=overridden(BUCKETS, expires_at=NOW + timedelta(microseconds=1))) is Mode.ACTIVE
    assert path(v3=overridden(BUCKETS, expires_at=NOW)) is Mode.DISABLED
    assert path(v3=overridden(0, rule=ALL, expires_at=NOW)) is Mode.ACTIVE


@given(share=st.integers(0, BUCKETS), booking=st.integers(1, 2**62))
def test_a_percentage_of_bookings_is_those_of_the_lowest_buckets(share: int, booking: int) -> None:
    expected = Mode.ACTIVE if bucket(BOOKING_SALT, booking) < share else Mode.DISABLED
    assert path(v3=overridden(share), booking=booking) is expected


@pytest.mark.parametrize(
    ("share", "expected"), [(0, Mode.DISABLED), (5000, Mode.DISABLED), (BUCKETS, Mode.ACTIVE)]
)
def test_an_unknown_booking_is_in_no_part_of_the_bookings(share: int, expected: Mode) -> None:
    assert path(v3=overridden(share), booking=None) is expected


def test_every_value_says_where_it_comes_from() -> None:
    def sources(*, v3: Rule, shadow: Rule = OFF, restaurant: int | None = HERE) -> tuple[Source, Source]:
        why = explain(FlagSet(v3=v3, shadow=shadow), restaurant_id=restaurant, booking_id=BOOKING, now=NOW)
        return why.v3_source, why.shadow_source

    assert sources(v3=ON, shadow=ALL) == (Source.COHORT, Source.COHORT)
    assert sources(v3=OFF) == (Source.OFF, Source.OFF)
    assert sources(v3=overridden(0, rule=ON)) == (Source.OVERRIDE, Source.OFF)
    assert sources(v3=Rule(pin=False), shadow=Rule(pin=True)) == (Source.ENVIRONMENT, Source.ENVIRONMENT)
    assert sources(v3=ON, restaurant=None) == (Source.UNKNOWN, Source.UNKNOWN)
    assert explain(FlagSet(killed=True, v3=ALL), restaurant_id=HERE, booking_id=None, now=NOW) == KILLED


RULES = st.builds(
    Rule,
    pin=st.sampled_from([None, True, False]),
    overrides=st.dictionaries(
        st.integers(1, 3),
        st.builds(
            Override,
            share=st.integers(0, BUCKETS),
            expires_at=st.none() | st.datetimes(timezones=st.just(UTC)),
        ),
    ),
    everyone=st.booleans(),
    members=st.frozensets(st.integers(1, 3)),
)


@given(
    flags=st.builds(FlagSet, killed=st.booleans(), v3=RULES, shadow=RULES),
    restaurant=st.none() | st.integers(1, 3),
    booking=st.none() | st.integers(1, 99),
)
def test_the_explanation_never_differs_from_the_answer(
    flags: FlagSet, restaurant: int | None, booking: int | None
) -> None:
    why = explain(flags, restaurant_id=restaurant, booking_id=booking, now=NOW)
    assert why.mode is mode(flags, restaurant_id=restaurant, booking_id=booking, now=NOW)
    assert (why.mode is Mode.ACTIVE) == why.v3
    assert (why.mode is Mode.SHADOW) == (why.shadow and not why.v3)

"""Every metric of a made-up day equals its recomputation in plain Python, however much is rolled up."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from observability import events, rollups
from observability.events import Record
from observability.metrics import comparison, latency, rates, volumes
from observability.metrics.latency import Timing
from observability.metrics.window import Window
from tests.factories import RestaurantFactory
from tests.integration.observability.metrics import brute_force
from tests.integration.observability.metrics.day import DAY, in_order, made_up_day

pytestmark = pytest.mark.django_db

NOON = DAY + timedelta(hours=12)
ODD = timedelta(hours=7, minutes=13, seconds=7, microseconds=13)

WINDOWS = {
    "the day": Window(start=DAY, end=DAY + timedelta(days=1)),
    "two days": Window(start=DAY, end=DAY + timedelta(days=2)),
    "odd ends": Window(start=DAY + ODD, end=DAY + timedelta(hours=21, seconds=1.5)),
    "across midnight": Window(start=NOON + ODD, end=DAY + timedelta(hours=30, minutes=1)),
    "one hour": Window(start=NOON, end=NOON + timedelta(hours=1)),
    "ten minutes": Window(start=NOON, end=NOON + timedelta(minutes=10)),
    "within a minute": Window(start=NOON + timedelta(seconds=7), end=NOON + timedelta(seconds=49)),
    "one restaurant": Window(start=DAY, end=DAY + timedelta(days=1), restaurant_id=2),
    "one restaurant, odd ends": Window(start=DAY + ODD, end=NOON + ODD, restaurant_id=1),
    "nothing": Window(start=DAY - timedelta(days=3), end=DAY - timedelta(days=2)),
}


@pytest.fixture
def day() -> list[Record]:
    """The records of the day, written in order of time; two thirds of them are rolled up."""
    records = list(in_order(made_up_day(7, bookings=220)))
    events.record(records)
    return records


def roll_up_to(share: float) -> None:
    """Roll up that share of the ids, as if the job had been stopped there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(id), max(id) FROM observability_events")
        lowest, highest = cursor.fetchone()
        upto = lowest + round((highest - lowest) * share)
        cursor.execute(
            "UPDATE observability_feeds SET rolled_to = %s, next_to = %s WHERE feed = 'events'",
            [lowest - 1, upto],
        )
    rollups.fill._advance(rollups.fill.FEEDS[0], 10_000_000)


@pytest.mark.parametrize("share", [None, 0.6, 1.0])
def test_each_metric_equals_its_recomputation(day: list[Record], share: float | None) -> None:
    if share is not None:
        roll_up_to(share)
    for name, window in WINDOWS.items():
        told, expected = brute_force.figures(window), brute_force.recomputed(day, window)
        for figure, value in expected.items():
            assert told[figure] == value, f"{figure} of {name}"


@pytest.mark.parametrize("share", [None, 0.6, 1.0])
def test_the_table_of_restaurants_equals_its_recomputation(share: float | None) -> None:
    # The table lists the restaurants there are.
    restaurants = [RestaurantFactory().pk for _ in range(3)]
    day = list(in_order(made_up_day(8, bookings=150, restaurants=restaurants)))
    events.record(day)
    if share is not None:
        roll_up_to(share)
    for name in ("the day", "odd ends", "ten minutes"):
        window = WINDOWS[name]
        assert brute_force.table(window) == brute_force.by_restaurant(day, window), name


@pytest.mark.parametrize("timing", [Timing.RUN, Timing.LOCK_WAIT, Timing.LEGACY_RUN, Timing.SHADOW_RUN])
def test_percentiles_from_bins_are_within_two_percent_of_the_rows(day: list[Record], timing: Timing) -> None:
    roll_up_to(0.7)
    for name in ("the day", "odd ends", "one restaurant"):
        binned, exact = latency.percentiles(WINDOWS[name], timing), latency.exact(WINDOWS[name], timing)
        assert binned.count == exact.count > 10
        assert binned.mean == pytest.approx(exact.mean)
        assert binned.longest == exact.longest
        for share in ("p50", "p95", "p99"):
            assert getattr(binned, share) == pytest.approx(getattr(exact, share), rel=0.02), (name, share)


@pytest.mark.parametrize("hours", [1, 6])
def test_percentiles_of_each_step_are_within_two_percent_of_its_rows(day: list[Record], hours: int) -> None:
    roll_up_to(0.7)
    step, window = timedelta(hours=hours), WINDOWS["the day"]
    found = latency.percentiles_by_step(window, Timing.RUN, Timing.LOCK_WAIT, step=step)
    whole = latency.percentiles_of(window, Timing.RUN, Timing.LOCK_WAIT, Timing.REVIEW)
    for timing, steps in found.items():
        assert sum(timed.count for timed in steps.values()) == whole[timing].count > 10
        for start, binned in steps.items():
            exact = latency.exact(Window(start=start, end=start + step), timing)
            assert (binned.count, binned.longest) == (exact.count, exact.longest)
            for share in ("p50", "p95", "p99"):
                assert getattr(binned, share) == pytest.approx(getattr(exact, share), rel=0.02), start


def test_percentiles_read_along_with_other_series_are_the_same(day: list[Record]) -> None:
    roll_up_to(0.7)
    window = WINDOWS["the day"]
    assert comparison.paths(window).v3.run_ms == latency.percentiles(window, Timing.RUN)
    assert comparison.paths(window).legacy.run_ms == latency.percentiles(window, Timing.LEGACY_RUN)


def test_exact_percentiles_are_those_of_the_values(day: list[Record]) -> None:
    window = WINDOWS["odd ends"]
    values = brute_force.durations(day, window.start, window.end)
    told = latency.exact(window, Timing.RUN)
    assert (told.count, told.longest) == (len(values), max(values))
    assert (told.p50, told.p95) == (
        brute_force.nearest_rank(values, 0.5),
        brute_force.nearest_rank(values, 0.95),
    )


@pytest.mark.parametrize("minutes", [1, 5, 60, 360])
def test_steps_are_what_a_window_of_their_own_says(day: list[Record], minutes: int) -> None:
    roll_up_to(0.5)
    step = timedelta(minutes=minutes)
    window = WINDOWS["odd ends"] if minutes == 360 else WINDOWS["one hour"]
    outcomes = rates.outcome_rates_by_step(window, step=step)
    errors = rates.error_rates(window, step=step)
    assert sum(found.confirmation.numerator for found in outcomes.values()) == (
        rates.rates(window).confirmation.numerator
    )
    for start in sorted({*outcomes, *errors}):
        own = rates.rates(Window(start=max(start, window.start), end=min(start + step, window.end)))
        if start in outcomes:
            assert outcomes[start].confirmation == own.confirmation
        if start in errors:
            assert errors[start] == own.error


def test_no_outcome_is_no_rate_rather_than_none() -> None:
    found = rates.rates(WINDOWS["the day"])
    assert found.confirmation.value is None
    assert found.error.value is None
    assert volumes.volumes(WINDOWS["the day"]).events == {}


def test_a_window_of_no_length_or_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="ends after it starts"):
        Window(start=DAY, end=DAY)
    with pytest.raises(ValueError, match="time zone"):
        Window(start=datetime(2027, 1, 1), end=DAY)  # noqa: DTZ001
    with pytest.raises(ValueError, match="whole minutes"):
        rates.error_rates(WINDOWS["the day"], step=timedelta(seconds=90))
    assert datetime(2027, 3, 5, tzinfo=UTC) == DAY

"""Narrow buckets: kept for some days, gone afterwards, and no figure depends on whether they are there."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from observability import events, rollups
from observability.events import Record
from observability.metrics.window import DAY as DAY_SECONDS
from observability.metrics.window import EPOCH, HOUR, MINUTE, NARROW_DAYS, Window, floor, pieces, up
from tests.integration.observability.metrics import brute_force
from tests.integration.observability.metrics.day import DAY, in_order, made_up_day
from tests.integration.observability.metrics.test_generated_day import WINDOWS, roll_up_to

pytestmark = pytest.mark.django_db


def moved_to(day: datetime, records: list[Record]) -> list[Record]:
    return [replace(record, at=record.at - (DAY - day)) for record in records]


def narrow() -> list[datetime]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT bucket FROM observability_rollups"
            " WHERE width = 60 OR (width = 3600 AND restaurant_id > 0) ORDER BY bucket"
        )
        return [bucket for (bucket,) in cursor.fetchall()]


@pytest.mark.parametrize("age", [NARROW_DAYS - 1, NARROW_DAYS + 1, 10])
def test_figures_of_a_day_are_right_however_long_ago_it_was(age: int) -> None:
    day = floor(timezone.now(), DAY_SECONDS) - timedelta(days=age)
    records = moved_to(day, list(in_order(made_up_day(11, bookings=120))))
    events.record(records)
    roll_up_to(0.8)
    for name, window in WINDOWS.items():
        there = replace(window, start=window.start - (DAY - day), end=window.end - (DAY - day))
        told, expected = brute_force.figures(there), brute_force.recomputed(records, there)
        for figure, value in expected.items():
            assert told[figure] == value, f"{figure} of {name}, {age} days ago"


def test_narrow_buckets_of_days_long_ago_are_not_made() -> None:
    today = floor(timezone.now(), DAY_SECONDS)
    for age in (0, 10):
        events.record(moved_to(today - timedelta(days=age), list(in_order(made_up_day(3, bookings=5)))))
    roll_up_to(1.0)
    assert narrow()
    assert min(narrow()) >= today


def test_narrow_buckets_are_dropped_a_few_at_a_time_once_no_reader_asks_for_them() -> None:
    events.record(list(in_order(made_up_day(3, bookings=5))))
    roll_up_to(1.0)
    kept = len(narrow())
    assert (kept > 0, rollups.drop_narrow()) == (True, 0)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE observability_rollups SET bucket = bucket - interval '3 years'")
        cursor.execute("SELECT count(*) FROM observability_rollups WHERE width = 86400")
        days = cursor.fetchone()
        assert rollups.drop_narrow(most=7) == 7
        while rollups.drop_narrow(most=500):
            pass
        assert narrow() == []
        cursor.execute("SELECT count(*) FROM observability_rollups WHERE width = 86400")
        assert cursor.fetchone() == days


moments = st.datetimes(datetime(2027, 3, 1), datetime(2027, 3, 20), timezones=st.just(UTC))  # noqa: DTZ001


@given(start=moments, length=st.timedeltas(timedelta(seconds=1), timedelta(days=12)), of_one=st.booleans())
def test_a_window_is_covered_once_by_kept_buckets_and_at_most_two_rests(
    start: datetime, length: timedelta, of_one: bool
) -> None:
    now = datetime(2027, 3, 12, 13, 14, 15, tzinfo=UTC)
    widths = (DAY_SECONDS, HOUR) if of_one else (DAY_SECONDS, HOUR, MINUTE)
    cut = pieces(Window(start=start, end=start + length), widths, now=now)
    assert [piece.start for piece in cut[1:]] == [piece.end for piece in cut[:-1]]
    assert (cut[0].start, cut[-1].end) == (start, start + length)
    assert sum(piece.width == 0 for piece in cut) <= 2
    for piece in cut:
        if piece.width == widths[-1]:
            assert piece.start >= datetime(2027, 3, 12 - NARROW_DAYS, tzinfo=UTC)
        if piece.width:
            assert not (piece.start - EPOCH) % timedelta(seconds=piece.width)
            assert not (piece.end - EPOCH) % timedelta(seconds=piece.width)


@given(now=moments, of_one=st.booleans())
def test_a_page_of_the_last_day_reads_no_single_row_of_what_is_counted(now: datetime, of_one: bool) -> None:
    window = Window.lately(now, timedelta(days=1), 1 if of_one else None)
    widths = (DAY_SECONDS, HOUR) if of_one else (DAY_SECONDS, HOUR, MINUTE)
    assert all(piece.width for piece in pieces(window, widths, now=now))
    assert window.end == up(now, widths[-1])
    assert window.end - window.start == timedelta(days=1)

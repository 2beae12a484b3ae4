"""Pacing intervals: pieces of the hour on the restaurant's own clock."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bookings.pacing import Pace
from tests.unit.bookings.test_calendar import ZONES, naive


def pace(minutes: int, tz: ZoneInfo) -> Pace:
    return Pace(tz=tz, interval=timedelta(minutes=minutes), max_covers=10)


@pytest.mark.parametrize(
    ("zone", "minutes", "local_begin"),
    [
        ("Europe/London", 15, "19:15"),
        ("Europe/London", 60, "19:00"),
        ("Asia/Kathmandu", 60, "19:00"),  # a quarter past in UTC
        ("Asia/Kathmandu", 30, "19:00"),
    ],
)
def test_an_interval_begins_on_the_local_clock(zone: str, minutes: int, local_begin: str) -> None:
    tz = ZoneInfo(zone)
    begin, end = pace(minutes, tz).interval_of(datetime(2027, 3, 5, 19, 29, 59, tzinfo=tz).astimezone(UTC))
    assert f"{begin.astimezone(tz):%H:%M}" == local_begin
    assert end - begin == timedelta(minutes=minutes)


@given(
    tz=st.sampled_from(ZONES),
    minutes=st.sampled_from([5, 10, 15, 20, 30, 60]),
    start=st.datetimes(naive("2024-01-01"), naive("2035-12-31"), timezones=st.just(UTC)),
)
@example(tz=ZoneInfo("Australia/Lord_Howe"), minutes=20, start=datetime(2024, 10, 5, 15, 30, tzinfo=UTC))
def test_an_interval_holds_its_arrival_and_begins_on_a_whole_piece_of_the_hour(
    tz: ZoneInfo, minutes: int, start: datetime
) -> None:
    begin, end = pace(minutes, tz).interval_of(start)
    assert begin <= start < end
    # On the clock of the arrival: a change of half an hour may lie between.
    local = begin.astimezone(timezone(start.astimezone(tz).utcoffset() or timedelta()))
    assert (local.minute % minutes, local.second, local.microsecond) == (0, 0, 0)

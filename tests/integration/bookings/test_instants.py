"""Instants come from the database as Django's own loader reads them."""

from datetime import UTC, datetime

import pytest
from django.db import DataError, connection

pytestmark = pytest.mark.django_db


def read(text: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz", [text])
        return cursor.fetchone()[0]


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-22 22:20:15.123456+00", datetime(2026, 11, 22, 22, 20, 15, 123456, UTC)),
        ("2026-11-22 22:20:15.1+00", datetime(2026, 11, 22, 22, 20, 15, 100000, UTC)),
        ("2026-07-01 12:00:00+02", datetime(2026, 7, 1, 10, tzinfo=UTC)),
        ("2026-07-01 12:00:00+05:45", datetime(2026, 7, 1, 6, 15, tzinfo=UTC)),
        ("0001-01-01 00:00:00+00", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31 23:59:59.999999+00", datetime(9999, 12, 31, 23, 59, 59, 999999, UTC)),
    ],
)
def test_an_instant_is_read_in_utc(text: str, instant: datetime) -> None:
    found = read(text)
    assert found == instant
    assert isinstance(found, datetime)
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    "text", ["infinity", "-infinity", "10000-01-01 00:00:00+00", "0044-03-15 12:00+00 BC"]
)
def test_what_no_datetime_can_hold_is_refused_as_the_driver_does(text: str) -> None:
    with pytest.raises(DataError, match="timestamp"):
        read(text)


def test_a_session_in_another_zone_tells_the_same_instant() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL timezone = 'Asia/Kathmandu'")
    assert read("2026-07-01 12:00:00+00") == datetime(2026, 7, 1, 12, tzinfo=UTC)

"""Days of events are dropped once kept long enough: counted before, told of, and never the latest."""

import logging
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from observability import rollups
from observability.events import CATALOGUE
from observability.metrics.volumes import volumes
from observability.metrics.window import Window
from observability.models import SOURCES, Event
from observability.partitions import adopt_strays, drop_expired, ensure_partitions
from tests.integration.observability.rows import partitions, places_of_events, write_event

pytestmark = pytest.mark.django_db

OLD = datetime(2026, 1, 5, 12, tzinfo=UTC)


def drop(keep_days: int = 30) -> date | None:
    return drop_expired(now=timezone.now(), keep_days=keep_days)


@pytest.fixture
def old_events() -> None:
    """Three events on one day and one on the next, long ago, in partitions of their own."""
    for hours in (0, 1, 2, 24):
        write_event(at=OLD + timedelta(hours=hours))
    adopt_strays()


def test_the_oldest_day_goes_first_and_is_told_of(old_events: None, caplog: pytest.LogCaptureFixture) -> None:
    rollups.roll_up()
    with caplog.at_level(logging.WARNING):
        assert drop() == date(2026, 1, 5)
    assert "dropped 3 events of 2026-01-05, which are kept for 30 days" in caplog.text
    notice = Event.objects.get(event_type="events.dropped")
    assert (notice.severity, notice.context) == (
        "notice",
        {"day": "2026-01-05", "events": 3, "keep_days": 30},
    )
    assert drop() == date(2026, 1, 6)
    assert drop() is None


def test_what_the_dropped_events_add_up_to_stays(old_events: None) -> None:
    day = Window(start=OLD.replace(hour=0), end=OLD.replace(hour=0) + timedelta(days=1))
    rollups.roll_up()
    drop()
    assert Event.objects.filter(created_at__lt=day.end).count() == 0
    assert volumes(day).events == {"mail.sent": 3}


def test_a_day_whose_events_are_not_counted_yet_stays(old_events: None) -> None:
    assert drop() is None
    assert "observability_events_20260105" in partitions()


def test_the_last_week_is_refused_by_the_database_whatever_is_asked() -> None:
    today = timezone.now().date()
    ensure_partitions(today=today - timedelta(days=6), days=1)
    with pytest.raises(IntegrityError, match="no day of the last week"), transaction.atomic():
        connection.cursor().execute("SELECT drop_events_partition(%s)", [today - timedelta(days=6)])
    assert drop(keep_days=8) is None


def test_days_within_the_setting_stay() -> None:
    day = timezone.now() - timedelta(days=20)
    write_event(at=day)
    adopt_strays()
    rollups.roll_up()
    assert drop(keep_days=30) is None
    assert drop(keep_days=10) == day.astimezone(UTC).date()


def test_strays_of_any_date_get_a_day_of_their_own() -> None:
    for at in (OLD, datetime(2031, 7, 1, tzinfo=UTC), datetime(1999, 12, 31, 23, tzinfo=UTC)):
        write_event(at=at)
    assert adopt_strays(most=2) == 2
    assert adopt_strays() == 1
    assert adopt_strays() == 0
    assert places_of_events() == {
        "observability_events_19991231": 1,
        "observability_events_20260105": 1,
        "observability_events_20310701": 1,
    }


def test_a_source_that_is_not_declared_is_refused_by_the_database() -> None:
    with pytest.raises(IntegrityError, match="events_source_known"), transaction.atomic():
        Event.objects.create(source="gossip", event_type="mail.sent")


def test_the_database_knows_every_source_of_the_catalogue() -> None:
    assert set(CATALOGUE) - set(SOURCES) == set()


def test_each_day_has_the_indexes_that_pages_need() -> None:
    ensure_partitions(today=date(2029, 7, 1), days=1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE tablename = 'observability_events_20290701'")
        told = " ".join(definition for (definition,) in cursor.fetchall())
    for part in (
        "brin (created_at)",
        "btree (booking_id",
        "btree (restaurant_id",
        "btree (event_type",
        "'critical'",
    ):
        assert part in told

"""Daily partitions of the events: made ahead, made late, made twice, made by two at once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection, connections, transaction

from observability.models import Event
from observability.partitions import DAYS_AHEAD, ensure_partitions
from tests.integration.observability.rows import partitions, places_of_events, write_event
from tests.processes import until_it_waits_for_a_lock

DAY = date(2029, 7, 1)
NOON = datetime(2029, 7, 1, 12, tzinfo=UTC)
DEFAULT = "observability_events_default"


@pytest.mark.django_db
def test_the_coming_days_get_a_partition_each_and_a_repeat_makes_none() -> None:
    before = partitions()
    assert ensure_partitions(today=DAY) == DAYS_AHEAD
    made = sorted(set(partitions()) - set(before))
    assert made == [f"observability_events_{DAY + timedelta(days=n):%Y%m%d}" for n in range(DAYS_AHEAD)]
    assert ensure_partitions(today=DAY) == 0
    assert ensure_partitions(today=DAY + timedelta(days=1)) == 1


@pytest.mark.django_db
def test_events_of_a_day_without_partition_are_kept_and_moved_when_it_is_made() -> None:
    edges = [
        datetime(2029, 6, 30, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2029, 7, 1, tzinfo=UTC),
        datetime(2029, 7, 1, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2029, 7, 2, tzinfo=UTC),
    ]
    for at in edges:
        write_event(at=at)
    told = list(Event.objects.order_by("id").values())
    assert places_of_events() == {DEFAULT: 4}

    assert ensure_partitions(today=DAY, days=1) == 1

    assert places_of_events() == {DEFAULT: 2, "observability_events_20290701": 2}
    assert list(Event.objects.order_by("id").values()) == told


@pytest.mark.django_db
def test_days_are_utc_days_whatever_the_session_thinks() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL TIME ZONE 'Asia/Kathmandu'")
    ensure_partitions(today=DAY, days=1)
    write_event(at=datetime(2029, 7, 1, 0, tzinfo=UTC))
    write_event(at=datetime(2029, 7, 1, 23, 59, tzinfo=UTC))
    assert places_of_events() == {"observability_events_20290701": 2}


@pytest.mark.django_db
def test_the_append_only_rule_is_in_force_again_after_a_move() -> None:
    write_event(at=NOON)
    write_event(at=NOON + timedelta(days=1))
    ensure_partitions(today=DAY, days=1)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT tgrelid::regclass::text, array_agg(tgname::text ORDER BY tgname) FROM pg_trigger
            WHERE tgfoid = 'refuse_change'::regproc AND tgenabled = 'O'
              AND tgrelid IN (%s::regclass, 'observability_events_20290701'::regclass)
            GROUP BY 1
            """,
            [DEFAULT],
        )
        rules = dict(cursor.fetchall())
    both = ["append_only_rows", "append_only_table"]
    assert rules == {DEFAULT: both, "observability_events_20290701": both}


@pytest.mark.django_db
def test_new_events_of_the_day_go_straight_to_its_partition_with_ids_of_one_sequence() -> None:
    write_event(at=NOON)
    ensure_partitions(today=DAY, days=1)
    write_event(at=NOON)
    first, second = Event.objects.order_by("id").values_list("id", flat=True)
    assert second > first
    assert places_of_events() == {"observability_events_20290701": 2}


@pytest.fixture
def throw_away_days(committed_db: None) -> Iterator[None]:
    """Partitions of committing tests are dropped, so that the next test finds the schema as it was."""
    before = set(partitions())
    yield
    with connection.cursor() as cursor:
        for name in set(partitions()) - before:
            cursor.execute(f"DROP TABLE {name}")


@pytest.fixture
def elsewhere() -> Iterator[ThreadPoolExecutor]:
    """One further session of the database."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        yield pool
        pool.submit(connections.close_all).result()


def test_of_two_processes_at_once_one_makes_the_day_and_the_other_finds_it(
    throw_away_days: None, elsewhere: ThreadPoolExecutor
) -> None:
    write_event(at=NOON)
    with transaction.atomic():
        assert ensure_partitions(today=DAY, days=1) == 1
        other = elsewhere.submit(ensure_partitions, today=DAY, days=1)
        until_it_waits_for_a_lock(other)
    assert other.result(timeout=10) == 0
    assert places_of_events() == {"observability_events_20290701": 1}


def test_an_event_written_while_its_day_is_made_waits_and_lands_in_it(
    throw_away_days: None, elsewhere: ThreadPoolExecutor
) -> None:
    with transaction.atomic():
        ensure_partitions(today=DAY, days=1)
        other = elsewhere.submit(write_event, at=NOON)
        until_it_waits_for_a_lock(other)
    other.result(timeout=10)
    assert places_of_events() == {"observability_events_20290701": 1}


def test_a_day_whose_making_is_rolled_back_leaves_its_events_where_they_were(throw_away_days: None) -> None:
    write_event(at=NOON)
    before = partitions()
    with transaction.atomic():
        ensure_partitions(today=DAY, days=1)
        transaction.set_rollback(True)
    assert partitions() == before
    assert places_of_events() == {DEFAULT: 1}

"""Times of statements and of the intake: counted in memory, added up by the minute."""

from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import IntegrityError, connection, transaction

from observability.metrics import timings as figures
from observability.metrics.window import Window
from observability.models import ServiceTiming, Timed
from observability.timings import TIMINGS, Timings, bin_of, forget, sample_connections
from tests.factories import NOW

HOUR = Window(start=NOW - timedelta(hours=1), end=NOW + timedelta(minutes=1))


def write(values: list[float], *, kind: Timed = Timed.INTAKE) -> None:
    timings = Timings()
    for value in values:
        timings.add(kind, value)
    timings.flush(now=NOW, at_once=True)


@pytest.mark.parametrize("value", [0.0, 0.009, 0.02, 0.5, 1.0, 3.3, 47.0, 9_999.0])
def test_a_value_has_the_bin_that_the_rollups_give_it(db: None, value: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT log_bin(%s)", [value])
        assert str(bin_of(value)) == cursor.fetchone()[0]


def test_what_two_processes_timed_in_a_minute_adds_up(db: None) -> None:
    write([10.0] * 90)
    write([10.0] * 5 + [200.0] * 5)
    found = figures.timed(HOUR, Timed.INTAKE)
    assert found.count == 100
    assert found.p95 == pytest.approx(10.0, rel=0.02)
    assert found.p99 == pytest.approx(200.0, rel=0.02)


def test_a_bin_around_the_limit_counts_as_above_it(db: None) -> None:
    write([10.0] * 8 + [99.5, 130.0])
    rate = figures.below(HOUR, Timed.INTAKE, 100.0)
    assert (rate.numerator, rate.denominator) == (8, 10)


def test_without_anything_timed_there_is_no_figure(db: None) -> None:
    assert figures.timed(HOUR, Timed.INTAKE).p95 is None
    assert figures.below(HOUR, Timed.INTAKE, 100.0).value is None
    assert figures.highest(HOUR, Timed.CONNECTIONS) is None


def test_statements_are_timed_as_they_are_sent(db: None) -> None:
    TIMINGS.flush(now=NOW - timedelta(days=2), at_once=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(0.05)")
    TIMINGS.flush(now=NOW, at_once=True)
    longest = figures.highest(HOUR, Timed.QUERY)
    assert longest is not None
    assert longest >= 50


def test_connections_are_a_share_of_what_the_server_allows(db: None) -> None:
    sample_connections()
    TIMINGS.flush(now=NOW, at_once=True)
    most = figures.highest(HOUR, Timed.CONNECTIONS)
    assert most is not None
    assert 0 < most <= 1_050


def test_a_process_writes_now_and_then_not_at_each_request(db: None) -> None:
    timings = Timings()
    timings.add(Timed.INTAKE, 1.0)
    timings.flush(now=NOW, at_once=True)
    timings.add(Timed.INTAKE, 1.0)
    timings.flush(now=NOW)
    assert figures.timed(HOUR, Timed.INTAKE).count == 1


def test_old_minutes_are_dropped(db: None) -> None:
    write([1.0])
    assert forget(now=NOW + timedelta(days=3), keep_days=2) == 1
    assert not ServiceTiming.objects.exists()


def test_bins_grow_with_their_values() -> None:
    bins = [bin_of(value / 10) for value in range(1, 5_000)]
    assert all(first <= second for first, second in pairwise(bins))


def test_the_database_keeps_one_count_for_a_bin_and_minute(db: None) -> None:
    row = {"kind": "query", "minute": NOW, "bin": 3, "count": 1}
    for rule, wrong in (
        ("timings_kind_known", {"kind": "song"}),
        ("timings_counted", {"count": 0}),
    ):
        with pytest.raises(IntegrityError, match=rule), transaction.atomic():
            ServiceTiming.objects.create(**row | wrong)
    ServiceTiming.objects.create(**row)
    with pytest.raises(IntegrityError, match="timings_once"), transaction.atomic():
        ServiceTiming.objects.create(**row)

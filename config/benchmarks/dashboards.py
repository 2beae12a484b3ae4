"""What each metric of the pages costs at millions of events: in SQL, once rolled up, with a rest that is not.

The rest is what four seconds at peak leave uncounted. Each figure is the best of its rounds, in which the
metrics take turns, beside the median: what a statement costs, planning and the way to the server included,
and what it takes while others are at work on the machine.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from django.db import connection
from django.utils import timezone
from tqdm import tqdm

from assignments.benchmarks.figures import Figure, Progress
from config.benchmarks import event_pages
from config.benchmarks.many_events import RESTAURANTS, Loaded, load
from config.benchmarks.throwaway import throwaway_database
from observability import rollups
from observability.metrics import (
    backlog,
    comparison,
    desk,
    flow,
    latency,
    protection,
    rates,
    restaurants,
    volumes,
    work,
)
from observability.metrics.window import Window
from observability.named_sql import ask
from observability.partitions import drop_expired

EVENTS = 3_000_000
ROUNDS = 15
MOST_MS = 10.0
MOST_BYTES = 10 * 10**9
MOST_DROP_SECONDS = 1.0

#: Events left uncounted while the metrics are read: four seconds at ten times the month's mean.
UNCOUNTED = 500

#: Days kept in the measurement of retention.
KEEP_DAYS = 20

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

#: Spans whose figures have a target: the pages' own, whose longer ones are judged as pages.
JUDGED = ("24 h", "24 h, one restaurant", "24 h, any moment")

#: What the explorer draws, in one statement.
_DRAWN = (
    latency.Timing.RUN, latency.Timing.LEGACY_RUN, latency.Timing.OUTCOME, latency.Timing.LOCK_WAIT,
)  # fmt: skip

Call = Callable[[], object]


@dataclass(slots=True)
class Clock:
    """Milliseconds spent in statements."""

    spent: float = 0.0

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
        began = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self.spent += (time.perf_counter() - began) * 1000


def measure(progress: Progress, *, events: int = EVENTS) -> list[Figure]:
    """Load, roll up, read every metric, and drop the oldest day, in a database that is thrown away."""
    with throwaway_database():
        progress(f"{events:,} events")
        now = timezone.now()
        loaded = load(events, now=now)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        filled = _fill(progress)
        _leave_a_rest()
        size = _size()
        progress("metrics")
        metrics = _metrics(timezone.now())
        progress("pages")
        read = event_pages.measure()
        progress("retention")
        return [*_sizes(loaded, size), filled, *metrics, *read, _raw(now), _retention(now)]


def _fill(progress: Progress) -> Figure:
    progress("rollups")
    began, counted = time.perf_counter(), 0
    behind = sum(feed.behind for feed in rollups.progress())
    with tqdm(total=behind, unit="row", desc="rollups", leave=False) as bar:
        while done := rollups.roll_up(budget=timedelta(seconds=2), batch=100_000):
            counted += done
            bar.update(done)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    seconds = time.perf_counter() - began
    return Figure(
        name="rollups from nothing", value=counted / seconds, unit="rows/s", note=f"{seconds:.0f} s"
    )


def _leave_a_rest() -> None:
    """Repeat the latest events: they are new, and not counted."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO observability_events
                (source, event_type, severity, context, restaurant_id, booking_id, created_at)
            SELECT source, event_type, severity, context, restaurant_id, booking_id, now()
            FROM observability_events ORDER BY id DESC LIMIT %s
            """,
            [UNCOUNTED],
        )


def _metrics(now: datetime) -> list[Figure]:
    one = RESTAURANTS // 2
    day, week, month = (
        Window.lately(now, timedelta(days=days), step=step) for days, step in ((1, None), (7, DAY), (30, DAY))
    )
    house = Window.lately(now, timedelta(days=1), one)
    long_ago = Window.until(now - timedelta(days=10, minutes=13), DAY)
    spans: dict[str, Mapping[str, Call]] = {
        "24 h": {**_over(day, step=HOUR), **_as_of(now)},
        # What gates are decided by: every single row, and so on no page.
        "24 h from the rows": {"run latency": lambda: latency.exact(day, latency.Timing.RUN)},
        "24 h, one restaurant": _over(house, step=HOUR),
        "24 h, any moment": {"outcomes and errors": lambda: rates.rates(Window.until(now, DAY))},
        # Where no bucket fits any more, rows are read.
        "24 h, ten days ago, odd ends": {
            "outcomes and errors": lambda: rates.rates(long_ago),
            "volumes": lambda: volumes.volumes(long_ago),
            "run latency": lambda: latency.percentiles(long_ago, latency.Timing.RUN),
        },
        "7 days": _over(week, step=DAY),
        "30 days": _over(month, step=DAY),
    }
    figures = []
    for span, calls in spans.items():
        figures += [
            Figure(
                name=f"{name}, {span}",
                value=min(times),
                unit="ms",
                at_most=MOST_MS if span in JUDGED else None,
                note=f"median {median(times):.1f}",
            )
            for name, times in _spent(calls).items()
        ]
    return figures


def _over(window: Window, *, step: timedelta) -> dict[str, Call]:
    """The metrics of a window, in the steps that pages draw it in."""
    return {
        "volumes": lambda: volumes.volumes(window),
        "outcomes and errors": lambda: rates.rates(window),
        "outcomes by step": lambda: rates.outcome_rates_by_step(window, step=step),
        "errors by step": lambda: rates.error_rates(window, step=step),
        "match with volume": lambda: rates.match(window),
        "transitions": lambda: flow.transitions(window),
        "states": lambda: flow.states(window),
        "run latency": lambda: latency.percentiles(window, latency.Timing.RUN),
        "run latency by step": lambda: latency.percentiles_by_step(window, latency.Timing.RUN, step=step),
        "four latencies by step": lambda: latency.percentiles_by_step(window, *_DRAWN, step=step),
        "lock waits": lambda: latency.percentiles(window, latency.Timing.LOCK_WAIT),
        "time to outcome": lambda: latency.percentiles(window, latency.Timing.OUTCOME),
        "work of V3": lambda: work.work(window),
        "work of legacy": lambda: work.work(window, work.Path.LEGACY),
        "locks": lambda: protection.locks(window),
        "permits": lambda: protection.permits(window),
        "breaker": lambda: protection.circuit(window),
        "paths": lambda: comparison.paths(window),
        "shadow": lambda: comparison.shadow(window),
        "reviews": lambda: desk.reviews(window),
        "mails": lambda: desk.mails(window),
        "restaurants": lambda: restaurants.by_restaurant(window),
    }


def _as_of(now: datetime) -> dict[str, Call]:
    """The metrics of the moment."""
    return {
        "stuck": lambda: backlog.stuck(now=now),
        "open reviews": lambda: backlog.open_reviews(now=now),
        # Tells how much of the others is the machine's other work.
        "a statement that does nothing": lambda: ask("SELECT 1 AS nothing", {}),
        "queue": backlog.queue,
        "outbox": backlog.outbox,
        "permits in use": backlog.permits_in_use,
    }


def _spent(calls: Mapping[str, Call]) -> dict[str, list[float]]:
    """Milliseconds in SQL of each call, round by round; the calls take turns."""
    spent: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            with _timed() as clock:
                call()
            spent[name].append(clock.spent)
    return spent


@contextmanager
def _timed() -> Iterator[Clock]:
    clock = Clock()
    with connection.execute_wrapper(clock):
        yield clock


def _raw(now: datetime) -> Figure:
    """The transitions of a day as one would ask for them without rollups."""
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT event_type, context->>'from', context->>'to', date_trunc('hour', created_at), count(*)
            FROM observability_events
            WHERE source = 'assignment.state_machine' AND created_at > %s GROUP BY 1, 2, 3, 4
            """,
            [now - timedelta(days=1)],
        )
    milliseconds = (time.perf_counter() - began) * 1000
    return Figure(name="transitions by hour from the rows, 24 h", value=milliseconds, unit="ms")


def _retention(now: datetime) -> Figure:
    began = time.perf_counter()
    day = drop_expired(now=now, keep_days=KEEP_DAYS)
    seconds = time.perf_counter() - began
    return Figure(name="drop a day", value=seconds, unit="s", at_most=MOST_DROP_SECONDS, note=str(day))


def _size() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0])


def _sizes(loaded: Loaded, size: int) -> list[Figure]:
    note = f"{loaded.bookings:,} bookings of {RESTAURANTS} restaurants, {loaded.days} days"
    return [
        Figure(name="events", value=loaded.events, unit="", note=note),
        Figure(name="on disk", value=size / 10**9, unit="GB", at_most=MOST_BYTES / 10**9),
        *(Figure(name=f"on disk: {what}", value=held / 10**9, unit="GB") for what, held in _parts()),
    ]


def _parts() -> list[tuple[str, int]]:
    """What takes the room: the events, their indexes, and what is derived of them."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT CASE WHEN t.name LIKE 'observability_events%' AND c.relkind = 'r' THEN 'events'
                        WHEN t.name LIKE 'observability_events%' THEN 'indexes of events'
                        WHEN t.name LIKE 'observability%' THEN 'rollups, outcomes and runs'
                        ELSE 'the rest' END, sum(pg_relation_size(c.oid))::bigint
            FROM pg_class c
            LEFT JOIN pg_index i ON i.indexrelid = c.oid
            CROSS JOIN LATERAL (SELECT coalesce(i.indrelid, c.oid)::regclass::text AS name) t
            WHERE c.relkind IN ('r', 'i', 't') GROUP BY 1 ORDER BY 2 DESC
            """
        )
        return [(what, held) for what, held in cursor.fetchall()]

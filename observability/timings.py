"""Times statements and intake in each process, and adds them up in the database now and then.

Counted in memory, in the bins of the rollups, so that timing a statement costs a microsecond and no
statement. What a process has not written when it dies is lost; gates need shares, not every one.
"""

import math
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any

from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from observability.metrics.latency import RATIO, ZERO
from observability.metrics.window import MINUTE, floor
from observability.models import ServiceTiming, Timed
from observability.named_sql import Folder

#: How much a process may have in memory before it writes.
EVERY = timedelta(seconds=15)

SQL = Folder(__file__)
_LOG_RATIO = math.log(RATIO)
_LEAST = 0.01


def bin_of(value: float) -> int:
    """The bin of a value, as the database's `log_bin` has it."""
    return ZERO if value < _LEAST else math.floor(math.log(value) / _LOG_RATIO)


class Timings:
    """What one process has timed since it last wrote. Threads share it."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[Timed, int]] = Counter()
        self._written = 0.0
        self._lock = threading.Lock()

    def add(self, kind: Timed, value: float) -> None:
        key = kind, bin_of(value)
        with self._lock:
            self._counts[key] += 1

    def flush(self, *, now: datetime, at_once: bool = False) -> None:
        """Write what was timed to the minute of `now`, unless that was done less than EVERY ago."""
        with self._lock:
            if not at_once and perf_counter() - self._written < EVERY.total_seconds():
                return
            counts, self._counts, self._written = self._counts, Counter(), perf_counter()
        if counts:
            _write(counts, floor(now, MINUTE))


TIMINGS = Timings()


def _write(counts: Counter[tuple[Timed, int]], minute: datetime) -> None:
    # In one order, so that two processes never wait for each other's rows in a circle.
    rows = sorted((kind.value, number, count) for (kind, number), count in counts.items())
    with transaction.atomic(), closing(connection.cursor()) as cursor:
        cursor.execute(
            SQL["timings_add"],
            {
                "minute": minute,
                "kinds": [kind for kind, _, _ in rows],
                "bins": [number for _, number, _ in rows],
                "counts": [count for _, _, count in rows],
            },
        )


def time_statements(*, connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Have every statement of a new connection timed; receives Django's `connection_created`."""
    if _timed not in connection.execute_wrappers:
        connection.execute_wrappers.append(_timed)


def _timed(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
    began = perf_counter()
    try:
        return execute(sql, params, many, context)
    finally:
        TIMINGS.add(Timed.QUERY, (perf_counter() - began) * 1000)


def sample_connections() -> None:
    """Count how many of the server's connections are taken, in a thousand."""
    with closing(connection.cursor()) as cursor:
        cursor.execute(SQL["connections"])
        TIMINGS.add(Timed.CONNECTIONS, float(cursor.fetchone()[0]))


def forget(*, now: datetime, keep_days: int) -> int:
    """Drop the minutes older than `keep_days`; return how many rows went."""
    return ServiceTiming.objects.filter(minute__lt=now - timedelta(days=keep_days)).delete()[0]

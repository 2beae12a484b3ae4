"""Which worker runs which version: rows that workers write and people wait for."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from assignments.flags.pins import pins
from assignments.flags.snapshot import LIVE_SECONDS
from assignments.models import FlagState
from observability import events

#: Rows of workers that were not heard of for so long are removed.
KEPT = timedelta(days=1)

#: How often a waiter looks, in seconds.
LOOK_SECONDS = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class Worker:
    """A worker's word: the version it runs since `acknowledged_at`; `age` of its last report in seconds.

    `pins` are the flags its environment pins. All times are the database's.
    """

    worker: str
    version: int
    started_at: datetime
    acknowledged_at: datetime
    age: float
    pins: dict[str, Any]

    @property
    def live(self) -> bool:
        """Whether it is waited for: one not heard of for LIVE_SECONDS has gone to legacy by itself."""
        return self.age <= LIVE_SECONDS


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """How far a version has got.

    `took` is from its write to the last acknowledgement, None while one is missing.
    """

    version: int
    acknowledged: Sequence[Worker]
    missing: Sequence[Worker]
    took: timedelta | None


def register(worker: str) -> None:
    """Note that a worker has started, before it reads any flag.

    In this order a waiter either sees the worker and waits for it, or the worker reads what the waiter
    has written.
    """
    with transaction.atomic():
        _write(worker, 0)
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM assignment_flag_acknowledgements"
                " WHERE seen_at < clock_timestamp() - make_interval(secs => %s)",
                [KEPT.total_seconds()],
            )


def acknowledge(*, worker: str, version: int, before: int | None) -> None:
    """Note that a worker runs `version`; an event tells it if it ran another one before."""
    with transaction.atomic():
        at = _write(worker, version)
        if version != before:
            events.record([_event(worker, version, before, at)])


def workers() -> list[Worker]:
    """All workers that are remembered, those of the newest word first."""
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT worker, version, started_at, acknowledged_at,
                   extract(epoch FROM clock_timestamp() - seen_at)::float8, pins::text
            FROM assignment_flag_acknowledgements ORDER BY seen_at DESC, worker
        """)
        return [
            Worker(
                worker=worker,
                version=version,
                started_at=started_at,
                acknowledged_at=acknowledged_at,
                age=age,
                pins=json.loads(pinned),
            )
            for worker, version, started_at, acknowledged_at, age, pinned in cursor.fetchall()
        ]


def effect_of(version: int) -> Effect:
    """How far `version`, or a later one, has got among the live workers."""
    live = [worker for worker in workers() if worker.live]
    acknowledged = [worker for worker in live if worker.version >= version]
    missing = [worker for worker in live if worker.version < version]
    return Effect(
        version=version,
        acknowledged=acknowledged,
        missing=missing,
        took=None if missing else _took(version, acknowledged),
    )


def await_effect(
    *, version: int, timeout: timedelta, sleep: Callable[[float], object] = time.sleep
) -> Effect:
    """Wait until every live worker runs `version` or a later one, at most `timeout`."""
    until = time.monotonic() + timeout.total_seconds()
    while (effect := effect_of(version)).missing and time.monotonic() < until:
        sleep(LOOK_SECONDS)
    return effect


def _took(version: int, acknowledged: Sequence[Worker]) -> timedelta:
    """From the write of `version` to the last acknowledgement of a worker that was there.

    Zero where there was none, and where a later version hides it.
    """
    written = FlagState.objects.filter(version=version).values_list("changed_at", flat=True).first()
    if written is None:
        return timedelta(0)
    took = (worker.acknowledged_at - written for worker in acknowledged if worker.started_at <= written)
    return max((timedelta(0), *took))


def _write(worker: str, version: int) -> datetime:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO assignment_flag_acknowledgements AS a
                (worker, version, pins, started_at, acknowledged_at, seen_at)
            SELECT %s, %s, %s::jsonb, now, now, now FROM clock_timestamp() now
            ON CONFLICT (worker) DO UPDATE SET
                version = excluded.version, pins = excluded.pins, seen_at = excluded.seen_at,
                acknowledged_at = CASE WHEN a.version = excluded.version THEN a.acknowledged_at
                                       ELSE excluded.acknowledged_at END
            RETURNING seen_at
            """,
            [worker, version, json.dumps(pins().as_dict())],
        )
        at: datetime = cursor.fetchone()[0]
    return at


def _event(worker: str, version: int, before: int | None, at: datetime) -> events.Record:
    return events.Record(
        source=events.FLAGS,
        event_type="flag.acknowledged",
        at=at,
        context={"worker": worker, "version": version, "from": before},
    )

"""Upkeep: what has to happen every few seconds, wherever a worker lives.

Each worker process runs one thread of this. Whoever comes first in an INTERVAL does the round, the others
skip it: as long as one worker lives anywhere, bookings are swept. Whose turn it is Redis tells, to spare the
work; while it is away all come, and the advisory lock keeps them apart.
"""

import logging
import threading
import traceback
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import timedelta

from django.conf import settings
from django.core.cache import caches
from django.db import DatabaseError, connection, connections, transaction
from django.utils import timezone
from redis.exceptions import RedisError

from assignments.protection.redis_access import ask
from assignments.review.best_fixes import ask_for_fixes
from assignments.rollout import decisions, guard, notices
from assignments.rollout.gates import looking, pictures
from assignments.sweeper import sweep
from bookings.api import idempotency
from bookings.imports import uploads
from bookings.outbox import delivery
from bookings.privacy import retention
from bookings.webhooks.delivery import dispatch
from observability.alerts.watch import watch
from observability.partitions import adopt_strays, drop_expired, ensure_partitions
from observability.rollups import drop_narrow, roll_up
from observability.timings import TIMINGS, forget, sample_connections

logger = logging.getLogger(__name__)

INTERVAL = timedelta(seconds=2)

#: How long a turn keeps the others out: over by the time that whoever took it comes again.
TURN = timedelta(seconds=1.8)

#: Any number nobody else uses; it names this lock in pg_locks.
ADVISORY_LOCK = 0x7AB1E


def start_upkeep() -> None:
    """Start the thread of this process; it ends with the process."""
    stop = threading.Event()
    threading.Thread(target=run_upkeep, args=(stop.wait,), name="upkeep", daemon=True).start()


def run_upkeep(wait: Callable[[float], bool]) -> None:
    """Do what is this process's every INTERVAL until `wait` (seconds) returns true."""
    while not wait(INTERVAL.total_seconds()):
        try:
            round_in_turn()
            TIMINGS.flush(now=timezone.now())
        except DatabaseError as error:
            # The database is away: a later round finds all that this one would have.
            logger.warning("upkeep skipped a round: %s", type(error).__name__)
            connections.close_all()
        except Exception as error:  # noqa: BLE001 - a thread that dies here would strand bookings
            frames = "".join(traceback.format_tb(error.__traceback__))
            logger.error("a round of upkeep failed: %s\n%s", type(error).__name__, frames)  # noqa: TRY400


def round_in_turn() -> bool:
    """One round, unless some process did one a moment ago; returns whether it was done."""
    if not _take_turn():
        return False
    try:
        return round_of_upkeep()
    except BaseException:
        # What keeps this process from it may not keep others. If it is another's turn by now, one more comes.
        _pass_turn()
        raise


def _take_turn() -> bool:
    with suppress(RedisError):
        return bool(ask(lambda client: client.set(_turn(), 1, nx=True, px=TURN // timedelta(milliseconds=1))))
    return True


def _pass_turn() -> None:
    with suppress(RedisError):
        ask(lambda client: client.delete(_turn()))


def _turn() -> str:
    return caches["default"].make_key("upkeep")


def round_of_upkeep() -> bool:
    """One round, unless another process is at it; returns whether it was done."""
    # By itself and first: making a partition locks the events table, which no sweep may hold rows against.
    ensure_partitions(today=timezone.now().date())
    swept = _sweep_unless_another_does()
    _tend_events()
    watch(now=timezone.now())
    _tend_rollout()
    retention.forget(now=timezone.now())
    return swept


def _sweep_unless_another_does() -> bool:
    with transaction.atomic(), closing(connection.cursor()) as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [ADVISORY_LOCK])
        if not cursor.fetchone()[0]:
            return False
        now = timezone.now()
        sweep(now=now)
        delivery.mark_stale()
        delivery.requeue_overdue()
        dispatch()
        ask_for_fixes()
        uploads.forget(now=now)
        idempotency.forget(now=now)
        sample_connections()
    return True


def _tend_rollout() -> None:
    """Have the guard look, take the look that is due, tell the signers, and renew what pages show."""
    guard.watch(now=timezone.now())
    looking.take_if_due(now=timezone.now())
    decisions.tend(now=timezone.now(), look=looking.take)
    notices.deliver(now=timezone.now())
    pictures.renew(now=timezone.now())


def _tend_events() -> None:
    """Count what is new, and put or throw away what lies in the wrong place or has been kept enough."""
    roll_up()
    drop_narrow()
    adopt_strays()
    drop_expired(now=timezone.now(), keep_days=settings.EVENT_RETENTION_DAYS)
    forget(now=timezone.now(), keep_days=settings.EVENT_RETENTION_DAYS)

"""Upkeep: what has to happen every few seconds, wherever a worker lives.

Each worker process runs one thread of this. Whoever comes first in an INTERVAL does the round, the others
skip it: as long as one worker lives anywhere, bookings are swept. Whose turn it is Redis tells, to spare the
work; while it is away all come, and the advisory lock keeps them apart.
"""

import logging
import threading
import traceback
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from datetime import timedelta

from django.conf import settings
from django.core.cache import caches
from django.db import DatabaseError, connection, connections, transaction
from django.utils import timezone
from redis.exceptions import RedisError

from assignments.protection.redis_access import ask, take
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
from observability.database_clock import database_now
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
        return ask(lambda client: take(client, _turn(), "1", milliseconds=TURN // timedelta(milliseconds=1)))
    return True


def _pass_turn() -> None:
    with suppress(RedisError):
        ask(lambda client: client.delete(_turn()))


def _turn() -> str:
    return caches["default"].make_key("upkeep")


def round_of_upkeep() -> bool:
    """One round, unless another process is at it; returns whether it was done.

    What fails keeps nothing else from its turn: bookings are swept though a file cannot be removed. Raises
    the first error in the end, or at once if the database is gone.
    """
    errors: list[Exception] = []
    done = [_its_turn(chore, errors) for chore in _CHORES]
    if errors:
        raise errors[0]
    return all(done)


def _its_turn(chore: Callable[[], bool | None], errors: list[Exception]) -> bool:
    """Do a chore; whether no other process was at it."""
    try:
        return chore() is not False
    except Exception as error:
        if isinstance(error, DatabaseError) and not _is_connected():
            raise
        errors.append(error)
        return True


def _is_connected() -> bool:
    return connection.connection is not None and not connection.connection.closed


def _make_partitions() -> None:
    ensure_partitions(today=database_now().date())


def _tend_bookings() -> bool:
    return _alone(lambda: sweep(now=timezone.now()))


def _tend_mails() -> bool:
    return _alone(delivery.mark_stale, delivery.requeue_overdue)


def _tend_the_rest() -> bool:
    return _alone(dispatch, ask_for_fixes, sample_connections)


def _alone(*chores: Callable[[], object]) -> bool:
    """Do chores in one transaction, unless another process is at some of the kind."""
    with transaction.atomic(), closing(connection.cursor()) as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [ADVISORY_LOCK])
        if not cursor.fetchone()[0]:
            return False
        for chore in chores:
            chore()
    return True


def _throw_away() -> bool:
    """What is kept no longer; by the database's clock, as it does not come back.

    A worker whose clock steps ahead would otherwise take guests out of bookings that are to come.
    """
    now = database_now()
    return _alone(lambda: uploads.forget(now=now), lambda: idempotency.forget(now=now))


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
    now = database_now()
    drop_expired(now=now, keep_days=settings.EVENT_RETENTION_DAYS)
    forget(now=now, keep_days=settings.EVENT_RETENTION_DAYS)


def _tend_alerts() -> None:
    watch(now=timezone.now())


def _forget_guests() -> None:
    retention.forget(now=database_now())


#: Partitions by themselves and first: making one locks the events table, and no sweep may hold rows then.
_CHORES: Sequence[Callable[[], bool | None]] = (
    _make_partitions,
    _tend_bookings,
    _tend_mails,
    _tend_the_rest,
    _throw_away,
    _tend_events,
    _tend_alerts,
    _tend_rollout,
    _forget_guests,
)

"""The Redis lock of a booking: spares the work of a second delivery, never decides.

What decides is the booking's version in the database. So a Redis that is gone costs a little
double work and nothing else: the lock is then taken as granted.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import caches
from redis import Redis
from redis.exceptions import LockError, RedisError
from redis.lock import Lock

from assignments.protection.redis_access import ask

logger = logging.getLogger(__name__)

#: Longer than any run may take, so that a lock outlives its run only if the worker died.
TTL_SECONDS = settings.ASSIGNMENT_LEASE_SECONDS


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """Whether the lock was got, and how long the answer took, in milliseconds."""

    held: bool
    wait_ms: float


@contextmanager
def booking_lock(booking_id: int) -> Iterator[Grant]:
    """Hold the booking's lock, without waiting for it; released by its owner only."""
    began = time.perf_counter()
    lock: Lock | None = None
    try:
        lock, held = ask(lambda client: _acquire(client, booking_id))
    except RedisError as error:
        logger.info("no Redis (%s); going on without the lock", type(error).__name__)
        held = True
    try:
        yield Grant(held=held, wait_ms=round((time.perf_counter() - began) * 1000, 3))
    finally:
        if lock is not None and held:
            _release(lock)


def _acquire(client: Redis, booking_id: int) -> tuple[Lock, bool]:
    lock = client.lock(caches["default"].make_key(f"booking:{booking_id}"), timeout=TTL_SECONDS)
    return lock, bool(lock.acquire(blocking=False))


def _release(lock: Lock) -> None:
    try:
        ask(lambda _: lock.release())
    except LockError:
        logger.info("the lock %s had lapsed before its run ended", lock.name)
    except RedisError as error:
        logger.info("a lock was not released (%s); it lapses by itself", type(error).__name__)

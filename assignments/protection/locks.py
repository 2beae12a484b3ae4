"""The Redis lock of a booking: spares the work of a second delivery, never decides.

What decides is the booking's version in the database. So a Redis that is gone costs a little
double work and nothing else: the lock is then taken as granted.
"""

import logging
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import caches
from redis.exceptions import RedisError

from assignments.protection.redis_access import Script, ask, take
from observability.traces import traced

logger = logging.getLogger(__name__)

#: Longer than any run may take, so that a lock outlives its run only if the worker died.
TTL_SECONDS = settings.ASSIGNMENT_LEASE_SECONDS

#: Only the owner's own lock: it may have lapsed, and be another's by now.
_RELEASE = Script("""
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
""")


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """Whether the lock was got, and how long the answer took, in milliseconds."""

    held: bool
    wait_ms: float


@contextmanager
def booking_lock(booking_id: int) -> Iterator[Grant]:
    """Hold the booking's lock, without waiting for it; released by its owner only."""
    began = time.perf_counter()
    key, token = caches["default"].make_key(f"booking:{booking_id}"), uuid.uuid4().hex
    held = _acquire(key, token)
    try:
        yield Grant(held=held, wait_ms=round((time.perf_counter() - began) * 1000, 3))
    finally:
        if held:
            _release(key, token)


@traced("assignment.lock")
def _acquire(key: str, token: str) -> bool:
    # By hand, as redis-py's Lock prepares its three scripts anew for each lock.
    try:
        return ask(lambda client: take(client, key, token, milliseconds=TTL_SECONDS * 1000))
    except RedisError as error:
        logger.info("no Redis (%s); going on without the lock", type(error).__name__)
        return True


def _release(key: str, token: str) -> None:
    try:
        if not ask(lambda client: _RELEASE.run(client, [key], [token])):
            logger.info("the lock %s had lapsed before its run ended", key)
    except RedisError as error:
        logger.info("a lock was not released (%s); it lapses by itself", type(error).__name__)

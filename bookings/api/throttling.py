"""How often a token may ask, and how often an address may fail to show one.

Requests are counted per minute in Redis, by an atomic increment, so that parallel requests count.
Without Redis everyone passes: a lost cache must not close the door to bookings.
"""

import logging
import time
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django_redis.exceptions import ConnectionInterrupted
from redis.exceptions import RedisError
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

log = logging.getLogger(__name__)

WINDOW_SECONDS = 60

#: After an error Redis is not asked for so long: one that is silent costs a time-out each time.
PAUSE_SECONDS = 2.0


class _Pause:
    until = 0.0


class TokenThrottle(BaseThrottle):
    """At most `API_REQUESTS_PER_MINUTE` for each token."""

    def allow_request(self, request: Request, view: Any) -> bool:  # noqa: ARG002
        token: Any = request.auth
        return token is None or _count(f"token:{token.pk}") <= settings.API_REQUESTS_PER_MINUTE

    def wait(self) -> float:
        return _until_next_window()


def count_failure(request: Request) -> None:
    """Count a failed authentication of the address. Raises Throttled after too many in a minute.

    A request with a valid token never comes here: nobody can lock out a channel that shares the address
    (a proxy's, for instance) by failing on purpose.
    """
    address = request.META.get("REMOTE_ADDR", "")
    if _count(f"failures:{address}") > settings.API_FAILURES_PER_MINUTE:
        raise Throttled(
            wait=_until_next_window(), detail="too many requests without a valid token; wait a minute"
        )


def _count(whom: str) -> int:
    """How many there were in this window with this one; 0 while Redis is away."""
    if time.monotonic() < _Pause.until:
        return 0
    key = f"api:{whom}:{_window()}"
    try:
        cache.add(key, 0, timeout=2 * WINDOW_SECONDS)
        return cache.incr(key)
    except (ConnectionInterrupted, RedisError, ValueError):
        # ValueError: the key was flushed between the two calls.
        _Pause.until = time.monotonic() + PAUSE_SECONDS
        log.warning("API requests are not counted: Redis is away")
        return 0


def forget() -> None:
    """Ask Redis again at once."""
    _Pause.until = 0.0


def _window() -> int:
    return int(time.time()) // WINDOW_SECONDS


def _until_next_window() -> float:
    return WINDOW_SECONDS - int(time.time()) % WINDOW_SECONDS

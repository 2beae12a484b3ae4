"""Redis where it is a help and never the truth: asked quickly, and left alone while it is away."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django_redis import get_redis_connection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import LockError, RedisError

Result = TypeVar("Result")

#: After an error Redis is left alone for so many seconds: a server that does not even refuse costs a
#: time-out a call, and a booking makes several.
PAUSE_SECONDS = 2.0


class RedisAwayError(RedisConnectionError):
    """Redis failed a moment ago and is not asked for now."""


@dataclass(slots=True)
class _Pause:
    until: float = 0.0


_pause = _Pause()


def ask(question: Callable[[Any], Result]) -> Result:
    """Call `question` with the Redis client; any RedisError starts a pause in this process.

    Raises RedisError, RedisAwayError during a pause.
    """
    if time.monotonic() < _pause.until:
        raise RedisAwayError("Redis failed a moment ago")
    try:
        return question(get_redis_connection("default"))
    except LockError:
        raise  # an answer, not a failure
    except RedisError:
        _pause.until = time.monotonic() + PAUSE_SECONDS
        raise


def end_pause() -> None:
    """Ask Redis again at once."""
    _pause.until = 0.0

"""Redis where it is a help and never the truth: asked quickly, and left alone while it is away."""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django_redis import get_redis_connection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, RedisError

Result = TypeVar("Result")

#: After an error Redis is left alone for so many seconds: a server that does not even refuse costs a
#: time-out a call, and a booking makes several.
PAUSE_SECONDS = 2.0


class RedisAwayError(RedisConnectionError):
    """Redis failed a moment ago and is not asked for now."""


class Script:
    """A Lua script that goes by its digest, and whole only to a server that lacks it."""

    def __init__(self, text: str) -> None:
        self.text = text
        # The server names scripts by SHA-1; nothing is kept secret by it.
        self.digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    def run(self, client: Any, keys: Sequence[str], arguments: Sequence[str | int]) -> Any:
        try:
            return client.evalsha(self.digest, len(keys), *keys, *arguments)
        except NoScriptError:
            return client.eval(self.text, len(keys), *keys, *arguments)


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
    except RedisError:
        _pause.until = time.monotonic() + PAUSE_SECONDS
        raise


def take(client: Any, key: str, owner: str, *, milliseconds: int) -> bool:
    """Set a key for so long if it is nobody's; whether it was.

    A key that lasts longer is nobody's: the server's clock has stepped back, or its clock is not the one of
    the server before it, and whoever set the key may be long dead.
    """
    if client.set(key, owner, nx=True, px=milliseconds):
        return True
    return client.pttl(key) > milliseconds and bool(client.set(key, owner, px=milliseconds))


def end_pause() -> None:
    """Ask Redis again at once."""
    _pause.until = 0.0

"""The hint that flags were changed, over Redis: it only makes pollers look at once, and may be lost."""

import logging
import threading
from collections.abc import Callable
from contextlib import closing
from typing import Any

from django.core.cache import caches
from django_redis import get_redis_connection
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

#: How long the listener waits for a message before it looks whether to stop, and between two tries to
#: reach a Redis that is away, in seconds.
LISTEN_SECONDS = 1.0


def channel() -> str:
    """The channel of this deployment; the prefix of its cache keys keeps deployments on one Redis apart."""
    return str(caches["default"].make_key("flags"))


def publish(version: int) -> None:
    """Tell all pollers to look now. A Redis that is away costs at most a poll's interval."""
    try:
        get_redis_connection("default").publish(channel(), version)
    except RedisError as error:
        logger.warning("no hint of flags version %d was sent: %s", version, type(error).__name__)


def listen(*, channel: str, stop: threading.Event, wake: Callable[[], None]) -> None:
    """Call `wake` at each hint on `channel`, and once after each new connection, until `stop` is set.

    Runs in a thread of its own: a Redis that accepts connections and answers nothing must not slow
    the poller down.
    """
    away = False
    while not stop.is_set():
        try:
            with closing(get_redis_connection("default").pubsub()) as subscription:
                subscription.subscribe(channel)
                if away:
                    logger.info("Redis answers again; hints of changed flags are heard")
                away = False
                _hear(subscription, stop, wake)
        except Exception as error:  # noqa: BLE001 - without listener every change would wait for a poll
            if not away:
                logger.warning("hints of changed flags are not heard: %s", type(error).__name__)
            away = True
            stop.wait(LISTEN_SECONDS)


def _hear(subscription: Any, stop: threading.Event, wake: Callable[[], None]) -> None:
    while not stop.is_set():
        # The answer to subscribing is a message too: what changed while nobody listened is found.
        if subscription.get_message(timeout=LISTEN_SECONDS) is not None:
            wake()

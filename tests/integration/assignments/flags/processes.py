"""What test processes do: run a poller as a worker does, see the path change, lose their servers."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.test.utils import override_settings

from assignments.flags.poller import Poller

#: A port nobody listens at.
NOBODY = "1"


@contextmanager
def polling(poller: Poller | None = None) -> Iterator[Poller]:
    """A started poller, ended with the block."""
    running = poller or Poller()
    running.start()
    try:
        yield running
    finally:
        running.end()


def moment_of(what: Callable[[], bool], *, within: float) -> float:
    """Wait until it is so; the moment on the machine's monotonic clock. Raises AssertionError."""
    until = time.monotonic() + within
    while not what():
        assert time.monotonic() < until, f"not so within {within} s"
        time.sleep(0.002)
    return time.monotonic()


@contextmanager
def no_redis() -> Iterator[None]:
    """For this process, Redis is at an address that refuses. Meant for forked children."""
    caches: dict[str, Any] = {
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": f"redis://127.0.0.1:{NOBODY}/0",
        }
    }
    with override_settings(
        CACHES=caches, DJANGO_REDIS_CONNECTION_FACTORY="django_redis.pool.ConnectionFactory"
    ):
        yield


@contextmanager
def no_database() -> Iterator[None]:
    """For this process, all connections are cut and new ones find nobody. Meant for forked children."""
    connection.ensure_connection()
    parameters = connection.settings_dict
    port = parameters["PORT"]
    parameters["PORT"] = NOBODY
    cut_connections()
    connection.close()
    try:
        yield
    finally:
        parameters["PORT"] = port
        connection.close()


def cut_connections() -> None:
    """End every other session on this database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

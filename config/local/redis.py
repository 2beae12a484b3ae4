"""django-redis on the embedded server, which is started when a connection to it fails.

Connections of the pool are made anew after a server died, so the test belongs to each connection
and not to the client.
"""

import socket
from errno import ECONNREFUSED
from typing import Any

from django.conf import settings
from django_redis.pool import ConnectionFactory
from redis import ConnectionPool, UnixDomainSocketConnection

from config.local.errors import LocalServiceError
from config.local.services import ensure_redis


class EmbeddedConnection(UnixDomainSocketConnection):
    """A connection to the embedded server of settings.LOCAL_DATA_DIR."""

    def _connect(self) -> socket.socket:
        try:
            return self._connect_once()
        except OSError:
            start()
        return self._connect_once()

    def _connect_once(self) -> socket.socket:
        connected: socket.socket = super()._connect()  # type: ignore[no-untyped-call]
        return connected


class EmbeddedConnectionFactory(ConnectionFactory):  # type: ignore[misc]
    """Makes django-redis pools of :class:`EmbeddedConnection`."""

    def get_connection_pool(self, params: dict[str, Any]) -> ConnectionPool:
        pool: ConnectionPool = super().get_connection_pool(params)
        pool.connection_class = EmbeddedConnection
        return pool


def start() -> None:
    """Starts the server if it does not run; raises ConnectionRefusedError that says how to go on.

    redis-py turns that into its own ConnectionError at once, while its own it would try again.
    """
    try:
        ensure_redis(settings.LOCAL_DATA_DIR)
    except LocalServiceError as error:
        raise ConnectionRefusedError(ECONNREFUSED, str(error)) from error

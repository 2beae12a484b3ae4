"""Django's PostgreSQL backend, which starts the embedded server when a connection fails.

Connecting is tried first: while the server runs, nothing is added. It covers the connections to the
database ``postgres`` too, by which Django makes test databases.
"""

from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base
from psycopg import Connection, OperationalError

from config.local.errors import LocalServiceError
from config.local.services import ensure_database


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to the embedded PostgreSQL of settings.LOCAL_DATA_DIR."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Connection:
        try:
            return self._connect_once(conn_params)
        except OperationalError:
            start()
        return self._connect_once(conn_params)

    def _connect_once(self, conn_params: dict[str, Any]) -> Connection:
        connected: Connection = super().get_new_connection(conn_params)
        return connected


def start() -> None:
    """Starts the server if it does not run; raises OperationalError that says how to go on."""
    try:
        ensure_database(settings.LOCAL_DATA_DIR)
    except LocalServiceError as error:
        raise OperationalError(str(error)) from error

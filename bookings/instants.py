"""Reads instants as PostgreSQL writes them.

The driver takes a timestamp apart by a pattern of its own for each style of dates and each zone; a run of the
coordinator reads two dozen. Sessions speak ISO and UTC here, which Python reads by itself, ten times as fast.
"""

from datetime import UTC, datetime
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.abc import Buffer
from psycopg.types.datetime import TimestamptzLoader


class InstantLoader(TimestamptzLoader):
    """The driver's loader, asked only for what no datetime can hold: it says so in the driver's words."""

    #: Django registers a loader of its own where this is not the connection's time zone.
    timezone = UTC

    def load(self, data: Buffer) -> datetime:
        """The instant in UTC. Raises DataError for infinity and what is beyond the year 9999."""
        try:
            return datetime.fromisoformat(bytes(data).decode())
        except ValueError:
            return super().load(data)


def read_instants(*, connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Have a new connection read instants like this; receives Django's `connection_created`."""
    connection.connection.adapters.register_loader("timestamptz", InstantLoader)

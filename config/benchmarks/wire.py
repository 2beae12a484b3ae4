"""What goes over the wire: statements and round trips, counted where nothing can hide them.

libpq's own trace tells what the server answered, whatever layer of the client sent the statement.
"""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection
from psycopg.pq import Trace
from redis.connection import AbstractConnection

_ANSWER = re.compile(r'\t(?:CommandComplete\t.*?"(?P<tag>[^"]*)"|(?P<ready>ReadyForQuery))')
#: The method of redis-py through which every command goes, a pipeline's commands all at once.
_SEND = "send_packed_command"

_CONTROL = frozenset({"BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "SET"})


@dataclass(kw_only=True, slots=True)
class Traffic:
    """Counts of a block."""

    statements: int = 0
    round_trips: int = 0

    def hear(self, tag: str) -> None:
        """Count one completed command by its tag, such as ``INSERT 0 3``."""
        self.statements += tag.partition(" ")[0] not in _CONTROL


@contextmanager
def database_traffic() -> Iterator[Traffic]:
    """Count what this process's connection does inside the block; the counts are there after it."""
    connection.ensure_connection()
    counted, pgconn = Traffic(), connection.connection.pgconn
    with tempfile.TemporaryFile("w+") as file:
        pgconn.trace(os.dup(file.fileno()))
        pgconn.set_trace_flags(Trace.SUPPRESS_TIMESTAMPS)
        try:
            yield counted
        finally:
            pgconn.untrace()
            file.seek(0)
            for answer in _ANSWER.finditer(file.read()):
                if answer["ready"]:
                    counted.round_trips += 1
                else:
                    counted.hear(answer["tag"])


@dataclass(kw_only=True, slots=True)
class Asked:
    """How often Redis was asked, and with how many commands."""

    round_trips: int = 0


@contextmanager
def redis_traffic() -> Iterator[Asked]:
    """Count this process's round trips to Redis inside the block; a pipeline is one."""
    asked, send = Asked(), getattr(AbstractConnection, _SEND)

    def counting(*args: object, **kwargs: object) -> object:
        asked.round_trips += 1
        return send(*args, **kwargs)

    setattr(AbstractConnection, _SEND, counting)
    try:
        yield asked
    finally:
        setattr(AbstractConnection, _SEND, send)

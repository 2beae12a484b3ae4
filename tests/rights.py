"""The rights of web processes and workers in the database, for tests to run under."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from config.database_roles import statements

#: What the database insists on whatever its owner sets, so that tests may drop what is older.
SHORTEST_RETENTION = 7


def role_of(process: str) -> str:
    """The role of "web" or "worker" in this test database, whose name it has: a server's roles are shared."""
    return f"{connection.settings_dict['NAME']}_{process}"


def make_roles() -> None:
    """Give both roles their rights in this test database."""
    wanted = statements(web=role_of("web"), worker=role_of("worker"), keep_events_days=SHORTEST_RETENTION)
    with connection.cursor() as cursor:
        for statement in wanted:
            cursor.execute(statement)


@contextmanager
def acting_as(process: str) -> Iterator[None]:
    """Have the database allow what it allows to that process, on this thread's connection.

    Told to the server beside Django, so that no test counts the statement.
    """
    connection.ensure_connection()
    own = connection.connection
    own.execute(f'SET ROLE "{role_of(process)}"')
    try:
        yield
    finally:
        # A transaction that failed takes the role back by itself, and so does the end of a connection.
        if not own.closed and own.info.transaction_status.name != "INERROR":
            own.execute("RESET ROLE")

"""A block that may look at the database and change nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import connection, transaction


@contextmanager
def read_only(*, timeout: timedelta | None = None) -> Iterator[None]:
    """Have the database refuse every write inside the block, and statements longer than `timeout`.

    It ends with a rollback, which also gives a caller's own transaction its former settings back.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
            if timeout is not None:
                cursor.execute(f"SET LOCAL statement_timeout = {timeout // timedelta(milliseconds=1)}")
        yield
        transaction.set_rollback(True)

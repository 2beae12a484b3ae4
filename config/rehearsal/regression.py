"""A change that breaks V3 and nothing else, as a migration gone wrong would: some plans cannot be written.

It fails inside the database, so that whatever notices it does so by what the pipeline itself tells.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

_ON = """
CREATE FUNCTION rehearsed_regression() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.booking_id % 3 = 0
       AND EXISTS (SELECT FROM bookings WHERE id = NEW.booking_id AND assignment_path = 'active') THEN
        RAISE EXCEPTION 'the rehearsed regression';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER rehearsed_regression BEFORE INSERT ON booking_table_allocations
    FOR EACH ROW EXECUTE FUNCTION rehearsed_regression();
"""
_OFF = """
DROP TRIGGER rehearsed_regression ON booking_table_allocations;
DROP FUNCTION rehearsed_regression();
"""


@contextmanager
def regression() -> Iterator[None]:
    """V3 fails on every third booking inside the block; its errors, which are meant, are not logged."""
    _execute(_ON)
    logging.disable(logging.ERROR)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
        _execute(_OFF)


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)

"""The database's clock: whoever sends, on whatever machine, agrees on it."""

from datetime import datetime

from django.db import connection


def database_now() -> datetime:
    """The time of the database at this moment, within a transaction too."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now

"""Makes the events table's daily partitions ahead of time."""

from datetime import date

from django.db import connection

#: Days, today included, that have a partition before the first event of theirs.
DAYS_AHEAD = 8


def ensure_partitions(*, today: date, days: int = DAYS_AHEAD) -> int:
    """Make the missing partitions of `days` UTC days from `today`; return how many were made."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*) FILTER (WHERE ensure_events_partition(%s::date + ahead))
            FROM generate_series(0, %s) AS ahead
            """,
            [today, days - 1],
        )
        return int(cursor.fetchone()[0])

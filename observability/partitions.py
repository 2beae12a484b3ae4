"""Daily partitions of the events: made ahead of time, or late, and dropped when kept long enough."""

import logging
from datetime import UTC, date, datetime, timedelta

from django.db import connection, transaction

from observability import events

logger = logging.getLogger(__name__)

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


def adopt_strays(*, most: int = 10) -> int:
    """Give events in the default partition one of their own day; return how many days were made.

    They lie there if they are dated long ago or far ahead, or if nobody made their day in time.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT (created_at AT TIME ZONE 'UTC')::date AS day
            FROM observability_events_default ORDER BY day LIMIT %s
            """,
            [most],
        )
        days = [day for (day,) in cursor.fetchall()]
    return sum(ensure_partitions(today=day, days=1) for day in days)


def drop_expired(*, now: datetime, keep_days: int) -> date | None:
    """Drop the oldest day of events that is past `keep_days` days, and say so by an event and a log line.

    One day a call: writers wait while it goes. Returns the day, or None if none was dropped. A day with
    events that the rollups lack stays until they have them; the last week is refused by the database.
    """
    day = _oldest_day()
    if day is None or day >= (now.astimezone(UTC) - timedelta(days=keep_days)).date():
        return None
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT drop_events_partition(%s)", [day])
        dropped = cursor.fetchone()[0]
        if dropped is None:
            return None
        events.record(
            [
                events.Record(
                    source=events.OBSERVABILITY,
                    event_type="events.dropped",
                    severity=events.Severity.NOTICE,
                    at=now,
                    context={"day": day.isoformat(), "events": dropped, "keep_days": keep_days},
                )
            ]
        )
    logger.warning("dropped %s events of %s, which are kept for %s days", dropped, day, keep_days)
    return day


def _oldest_day() -> date | None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT min(to_date(right(relname, 8), 'YYYYMMDD'))
            FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
            WHERE inhparent = 'observability_events'::regclass AND relname ~ '[0-9]{8}$'
            """
        )
        day: date | None = cursor.fetchone()[0]
        return day

"""Events and their partitions, as the tests write and look at them."""

from datetime import datetime
from typing import Any

from django.db import connection

from observability import events


def write_event(*, at: datetime, **context: Any) -> None:
    """One mail.sent event at a moment."""
    events.record(
        [
            events.Record(
                source=events.OUTBOX, event_type="mail.sent", at=at, context={"attempt": 1, **context}
            )
        ]
    )


def partitions() -> list[str]:
    """Names of the partitions attached to the events table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits "
            "WHERE inhparent = 'observability_events'::regclass ORDER BY 1"
        )
        return [name for (name,) in cursor.fetchall()]


def places_of_events() -> dict[str, int]:
    """How many events lie in which partition."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text, count(*) FROM observability_events GROUP BY 1")
        return dict(cursor.fetchall())

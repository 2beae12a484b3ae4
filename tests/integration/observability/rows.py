"""Events and their partitions, as the tests write and look at them."""

from datetime import datetime
from typing import Any

from django.db import connection

from observability import events
from observability.alerts import records
from observability.alerts.policy import Rule
from observability.models import Alert
from tests.factories import NOW


def write_event(*, at: datetime, **context: Any) -> None:
    """One mail.sent event at a moment."""
    events.record(
        [
            events.Record(
                source=events.OUTBOX, event_type="mail.sent", at=at, context={"attempt": 1, **context}
            )
        ]
    )


def alert_fired(rule: Rule, *, at: datetime = NOW) -> Alert:
    """An alert that fired at a moment."""
    return records.fire(
        rule=rule, value=rule.threshold + 1, detail="3 created", breaching_since=at - rule.fires_after, now=at
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

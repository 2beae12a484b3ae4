"""Writes what endpoints are to be told, in the transaction of the transition or step.

Most deployments and most states have no endpoint: then nothing is asked of the database but, every
few seconds, which events anybody wants.
"""

import time
from datetime import datetime

from django.db import connection

from bookings.models import BookingStatus, WebhookEndpoint
from bookings.states import State

#: A process learns of a new endpoint, or a new choice of events, within this many seconds.
FRESH_SECONDS = 5.0

_wanted: tuple[float, frozenset[str]] = (float("-inf"), frozenset())


def is_wanted(state: State) -> bool:
    """Whether any endpoint wants to hear of `state`, and `announce` has something to write."""
    return _event(state) in _wanted_events()


def announce(*, booking_id: int, state: State, version: int, at: datetime) -> None:
    """Tell the endpoints of the booking's channel that it is in `state` now, once this is committed."""
    _announce(booking_id=booking_id, event=_event(state), version=version, at=at)


def announce_step(*, booking_id: int, status: BookingStatus, version: int, at: datetime) -> None:
    """Tell them of a step of its service time: the state stays, and with it the version."""
    _announce(booking_id=booking_id, event=_event(status), version=version, at=at)


def _announce(*, booking_id: int, event: str, version: int, at: datetime) -> None:
    if event not in _wanted_events():
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO webhook_deliveries
                (endpoint_id, booking_id, event, version, booking_status, start_at, end_at, happened_at)
            SELECT e.id, b.id, %(event)s::varchar, %(version)s, b.status, b.start_at, b.end_at, %(at)s
            FROM bookings b JOIN webhook_endpoints e ON e.channel = b.channel
            WHERE b.id = %(booking)s AND e.active AND %(event)s::varchar = ANY(e.events)
            """,
            {"event": event, "version": version, "at": at, "booking": booking_id},
        )


def forget() -> None:
    """Ask again at the next transition."""
    global _wanted  # noqa: PLW0603 - a cache of this process
    _wanted = (float("-inf"), frozenset())


def _event(now_is: State | BookingStatus) -> str:
    return f"booking.{now_is}"


def _wanted_events() -> frozenset[str]:
    """The events that any active endpoint wants, as of FRESH_SECONDS ago at most."""
    global _wanted  # noqa: PLW0603
    read_at, events = _wanted
    if time.monotonic() - read_at > FRESH_SECONDS:
        chosen = WebhookEndpoint.objects.filter(active=True).values_list("events", flat=True)
        events = frozenset(event for some in chosen for event in some)
        _wanted = (time.monotonic(), events)
    return events

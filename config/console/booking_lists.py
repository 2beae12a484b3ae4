"""Addresses of the bookings list, filtered through its query string."""

from collections.abc import Iterable
from datetime import datetime
from urllib.parse import urlencode

from bookings.states import FINAL, State

#: On the way; a worker still has to do something.
UNFINISHED = tuple(state for state in State if state not in FINAL)
#: Everything that came in to be assigned and still wants its tables.
WANTED = tuple(state for state in State if state is not State.CANCELLED)


def filtered(url: str, *, states: Iterable[State] = State, **lookups: int | datetime) -> str:
    """`url` with the lookups of Django's changelist; instants keep their offset."""
    query = {
        name: value.isoformat(timespec="seconds") if isinstance(value, datetime) else value
        for name, value in lookups.items()
    }
    return f"{url}?{urlencode({'assignment_state__in': ','.join(states), **query}, safe=',')}"

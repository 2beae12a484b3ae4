"""Locks, permits and the circuit breaker."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from observability.metrics.rates import Rate
from observability.metrics.series import SQL, read
from observability.metrics.window import Window
from observability.named_sql import ask, ask_one


@dataclass(frozen=True, kw_only=True, slots=True)
class Locks:
    """Runs that found their booking locked by another, of all that asked for the lock."""

    contention: Rate


@dataclass(frozen=True, kw_only=True, slots=True)
class Permits:
    """How many permits a restaurant had in use whenever one was taken, and runs put off for want of one.

    `taken` counts by permits then in use, the new one included.
    """

    taken: Mapping[int, int]
    refused: int

    @property
    def most_in_use(self) -> int:
        return max(self.taken, default=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Circuit:
    """The breaker over a window; it is one for all restaurants.

    `openings` count a failed probe not anew. `open_for` is the part of the window it was open.
    `open_since` is set while it is open at the window's end.
    """

    openings: int
    open_for: timedelta
    longest: timedelta
    open_since: datetime | None


def locks(window: Window) -> Locks:
    events = read(window, "event")["event"]
    contended, acquired = (
        events[name].count if name in events else 0
        for name in ("coordinator.lock_contention", "coordinator.lock_acquired")
    )
    return Locks(contention=Rate(numerator=contended, denominator=contended + acquired))


def contention_by_restaurant(window: Window) -> Mapping[int, Rate]:
    """The same of each restaurant, from every single row."""
    rows = ask(SQL["contention_by_restaurant"], {"start": window.start, "end": window.end})
    return {row.restaurant_id: Rate(numerator=row.contended, denominator=row.asked) for row in rows}


def permits(window: Window) -> Permits:
    found = read(window, "permit", "retry")
    refused = found["retry"].get("rate_limited")
    return Permits(
        taken=dict(sorted((int(label), measure.count) for label, measure in found["permit"].items())),
        refused=refused.count if refused else 0,
    )


def circuit(window: Window) -> Circuit:
    """From the events themselves, of which there are few, however long the window is."""
    row = ask_one(SQL["circuit"], {"start": window.start, "end": window.end})
    return Circuit(
        openings=row.openings,
        open_for=row.open_for,
        longest=row.longest,
        open_since=row.open_since,
    )

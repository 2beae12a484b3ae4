"""Fills the rollups: each row of a growing table is counted once, in one commit with how far it got.

A feed's `rolled_to` splits its table in two: every row up to that id is in the rollups, none above is.
So a reader adds the rows above it and is right at any moment, a row that is dated long ago is picked
up like any other, and a fill that is killed leaves what was there before (docs/adr/0080-rollups.md).
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from observability.metrics import sources
from observability.metrics.window import NARROW_DAYS
from observability.named_sql import Folder

SQL = Folder(__file__)

#: Ids counted in one commit.
BATCH = 20_000

#: The day from which on narrow buckets are kept: one more than readers ask for, so that clocks may differ.
NARROW_FROM = f"(date_bin('1 day', now(), 'epoch') - interval '{NARROW_DAYS + 1} days')"

#: Narrow buckets dropped by one call.
DROPPED_AT_ONCE = 5_000

#: How long one call goes on counting; what is left is counted by the next.
BUDGET = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Feed:
    """A growing table that is counted: where its ids come from, and the statements that count."""

    name: str
    table: str
    statements: Sequence[str]

    @property
    def sequence(self) -> str:
        return f"{self.table}_id_seq"


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far a feed is counted: the ids still to come, and when it was last found complete."""

    feed: str
    behind: int
    complete_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Stand:
    rolled_to: int
    next_to: int
    writers: Sequence[str]


def _statement(name: str) -> str:
    """A statement that counts, put together from the definitions the readers use as well."""
    parts = {
        "{first_outcomes}": sources.new_outcomes(after="%(after)s", upto="%(upto)s"),
        "{outcomes}": sources.adding("outcomes", "SELECT * FROM reached"),
        "{events}": sources.adding("events", "SELECT * FROM events_between(%(after)s, %(upto)s)"),
        "{bookings}": sources.adding("bookings", SQL["bookings_between"]),
        "{add}": SQL["add"],
        "{narrow_from}": NARROW_FROM,
    }
    text = SQL[name]
    for place, part in parts.items():
        text = text.replace(place, part)
    return text


FEEDS = (
    Feed(
        name="events",
        table="observability_events",
        statements=tuple(_statement(name) for name in ("add_events", "add_runs", "link_runs")),
    ),
    Feed(name="bookings", table="bookings", statements=(_statement("add_bookings"),)),
)


def roll_up(
    *, budget: timedelta = BUDGET, batch: int = BATCH, clock: Callable[[], float] = time.monotonic
) -> int:
    """Count what is new, in commits of `batch` ids, until nothing is left or `budget` is spent.

    Returns the number of ids counted. Any number of processes may call it: one counts, the others
    leave at once.
    """
    until = clock() + budget.total_seconds()
    counted = 0
    for feed in FEEDS:
        while clock() < until and (ids := _advance(feed, batch)):
            counted += ids
    return counted


def drop_narrow(*, most: int = DROPPED_AT_ONCE) -> int:
    """Drop buckets of a minute, and of one restaurant's hour, that readers no longer ask for.

    Their counts stay in the wider ones. Returns how many went, at most `most`.
    """
    with connection.cursor() as cursor:
        cursor.execute(SQL["drop_narrow"].replace("{narrow_from}", NARROW_FROM), {"most": most})
        return int(cursor.rowcount)


def progress() -> list[Progress]:
    """How far each feed is counted, as of now."""
    return [_progress(feed) for feed in FEEDS]


def forget() -> None:
    """Empty the rollups; the next calls of `roll_up` count all rows there still are anew."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE observability_rollups, observability_outcomes, observability_runs")
        cursor.execute("UPDATE observability_feeds SET rolled_to = 0, next_to = 0, writers = '{}'")


def _advance(feed: Feed, batch: int) -> int:
    """Count the next ids of a feed in one commit; returns how many, 0 if none can be counted now."""
    with transaction.atomic():
        stand = _claim(feed)
        if stand is None or _still_writing(stand.writers):
            return 0
        upto = min(stand.next_to, stand.rolled_to + batch)
        if upto == stand.rolled_to:
            return 0
        for statement in feed.statements:
            _execute(statement, {"after": stand.rolled_to, "upto": upto})
        _execute(
            "UPDATE observability_feeds SET rolled_to = %(upto)s, rolled_at = clock_timestamp()"
            " WHERE feed = %(feed)s",
            {"upto": upto, "feed": feed.name},
        )
        return upto - stand.rolled_to


def _claim(feed: Feed) -> _Stand | None:
    """Take the feed for this transaction; where all is counted, look how far ids have come since."""
    row = _row(SQL["claim"], {"feed": feed.name})
    if row is None:
        return None
    stand = _Stand(rolled_to=row[0], next_to=row[1], writers=row[2])
    return stand if stand.rolled_to < stand.next_to else _look_ahead(feed, stand)


def _look_ahead(feed: Feed, stand: _Stand) -> _Stand:
    # In this order: who took an id before the first look is a writer at the second, or over by then.
    highest = _value(SQL["highest"].format(sequence=feed.sequence), {})
    if highest <= stand.next_to:
        return stand
    writers = _value(SQL["writers"], {"table": feed.table})
    _execute(
        "UPDATE observability_feeds SET next_to = %(to)s, writers = %(writers)s WHERE feed = %(feed)s",
        {"to": highest, "writers": writers, "feed": feed.name},
    )
    return _Stand(rolled_to=stand.rolled_to, next_to=highest, writers=writers)


def _still_writing(writers: Sequence[str]) -> bool:
    return bool(writers) and bool(_value(SQL["still_writing"], {"writers": list(writers)}))


def _progress(feed: Feed) -> Progress:
    highest = _value(SQL["highest"].format(sequence=feed.sequence), {})
    rolled_to, at = _row(
        "SELECT rolled_to, rolled_at FROM observability_feeds WHERE feed = %(feed)s", {"feed": feed.name}
    ) or (0, None)
    return Progress(feed=feed.name, behind=highest - rolled_to, complete_at=at)


def _execute(statement: str, parameters: Mapping[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def _row(statement: str, parameters: Mapping[str, Any]) -> tuple[Any, ...] | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        found: tuple[Any, ...] | None = cursor.fetchone()
        return found


def _value(statement: str, parameters: Mapping[str, Any]) -> Any:
    row = _row(statement, parameters)
    return row[0] if row else None

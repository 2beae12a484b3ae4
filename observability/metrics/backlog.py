"""What waits as of now: bookings that are stuck or in review, tasks in the queue, mails in the outbox."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from observability.metrics.series import ALL, SQL
from observability.metrics.sources import ENDLESS, rolled
from observability.named_sql import ask, ask_one
from observability.scope import Scope

#: A booking that is not final and has not moved for so long is stuck.
STUCK_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True, slots=True)
class Stuck:
    """Bookings that stand still on their way, by state, and how long the oldest has."""

    by_state: Mapping[str, int]
    longest: timedelta

    @property
    def count(self) -> int:
        return sum(self.by_state.values())


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenReviews:
    """Bookings in manual review now and how long they have been there."""

    count: int
    median_age: timedelta | None
    oldest: timedelta | None
    by_reason: Mapping[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Queue:
    """Tasks that are due, how long the first has been, and those running or due later."""

    due: int
    oldest: timedelta
    later: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Outbox:
    """Mails by status, sent ones apart, and for how long the first that is due has waited."""

    by_status: Mapping[str, int]
    oldest: timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class PermitsInUse:
    """Live runs by restaurant."""

    by_restaurant: Mapping[int, int]


def stuck(*, now: datetime, after: timedelta = STUCK_AFTER, restaurant_id: int | None = None) -> Stuck:
    """Bookings not final that have not moved for `after`; a retry that is due later counts as well."""
    rows = ask(SQL["stuck"], {"now": now, "after": after, "restaurant": restaurant_id or ALL})
    return Stuck(
        by_state={row.state: row.count for row in rows},
        longest=max((row.longest for row in rows), default=timedelta(0)),
    )


def stuck_by_hour(*, now: datetime, scope: Scope, after: timedelta = STUCK_AFTER) -> Mapping[datetime, int]:
    """How many bookings were stuck at some time of each of the last 24 hours (UTC), by the hour's start."""
    restaurants = None if scope.is_everything else sorted(scope.restaurants or ())
    statement = SQL["stuck_by_hour"].replace("{rolled}", rolled("events")).replace("{endless}", ENDLESS)
    rows = ask(statement, {"now": now, "after": after, "restaurants": restaurants})
    return {row.hour: row.count for row in rows}


def open_reviews(*, now: datetime, restaurant_id: int | None = None) -> OpenReviews:
    rows = ask(SQL["open_reviews"], {"now": now, "restaurant": restaurant_id or ALL})
    ages = sorted(age for row in rows for age in row.ages)
    return OpenReviews(
        count=len(ages),
        median_age=ages[len(ages) // 2] if ages else None,
        oldest=ages[-1] if ages else None,
        by_reason={row.reason: len(row.ages) for row in rows},
    )


def queue() -> Queue:
    """By the database's clock, like the workers."""
    row = ask_one(SQL["queue"], {})
    return Queue(due=row.due, oldest=row.oldest, later=row.later)


def outbox() -> Outbox:
    """By the database's clock, like the senders."""
    rows = ask(SQL["outbox"], {})
    return Outbox(
        by_status={row.status: row.count for row in rows},
        oldest=max((row.oldest for row in rows), default=timedelta(0)),
    )


def permits_in_use() -> PermitsInUse:
    return PermitsInUse(
        by_restaurant={row.restaurant_id: row.count for row in ask(SQL["permits_in_use"], {})}
    )


def workers_silent() -> timedelta | None:
    """How long no worker was heard of; None if none has been for a day, or ever."""
    silent: timedelta | None = ask_one(SQL["workers_silent"], {}).silent
    return silent


def untold(*, now: datetime) -> timedelta | None:
    """How long the first booking has waited that no event came after; None without bookings in a day."""
    row = ask_one(SQL["untold"], {"now": now})
    return (row.untold or timedelta(0)) if row.received else None

"""The machinery: workers by their heartbeat, breaker, permits, queue, mails, and the servers themselves."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models.functions import Now
from django_redis import get_redis_connection
from redis import RedisError

from assignments.models import FlagAcknowledgement, FlagState, Slot
from bookings.models import Restaurant
from config.console.review.rows import in_words
from observability import rollups
from observability.metrics import backlog
from observability.metrics.protection import circuit
from observability.metrics.window import Window

#: A worker not heard of for this long is not awaited any more.
SILENT = timedelta(seconds=10)

#: Workers not heard of for this long have left the table.
GONE = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True, slots=True)
class Worker:
    name: str
    heartbeat: str
    is_silent: bool
    version: int
    is_current: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """A line of the machinery; `tone` other than empty puts the first words on a chip."""

    label: str
    chip: str
    words: str
    tone: str = ""
    icon: str = ""


def workers() -> tuple[list[Worker], int]:
    """Workers heard of lately, and the version of the flags that they should run (two queries)."""
    state = FlagState.objects.first()
    version = state.version if state else 0
    rows = FlagAcknowledgement.objects.filter(seen_at__gt=Now() - GONE).annotate(now=Now()).order_by("worker")
    return [_worker(row, row.now, version) for row in rows], version


def facts(window: Window, now: datetime) -> list[Fact]:
    """The machinery's lines over a window that ends now, or a moment later."""
    return [_breaker(window, now), _permits(), _queue(), _mails(), _counted(), _redis()]


def _worker(row: FlagAcknowledgement, now: datetime, version: int) -> Worker:
    age = now - row.seen_at
    return Worker(
        name=row.worker,
        heartbeat=f"{age.total_seconds():.0f} s" if age < timedelta(minutes=1) else in_words(age),
        is_silent=age > SILENT,
        version=row.version,
        is_current=row.version == version,
    )


def _breaker(window: Window, now: datetime) -> Fact:
    found = circuit(window)
    times = f"opened {found.openings} time{'' if found.openings == 1 else 's'} in 24 h"
    if found.open_since:
        since = in_words(now - found.open_since)
        return Fact(label="Breaker", chip="Open", words=f"for {since}, {times}", tone="critical", icon="bad")
    spent = f", {in_words(found.open_for)} in all" if found.openings else ""
    return Fact(label="Breaker", chip="Closed", words=times + spent, tone="good", icon="ok")


def _permits() -> Fact:
    in_use = backlog.permits_in_use().by_restaurant
    slots = Slot.objects.count()
    if not in_use:
        return Fact(label="Permits in use", chip="", words=f"none of {slots}")
    busiest = max(in_use, key=lambda restaurant: in_use[restaurant])
    name = Restaurant.objects.values_list("name", flat=True).get(pk=busiest)
    words = f"{sum(in_use.values())} of {slots}, most at {name}: {in_use[busiest]}"
    return Fact(label="Permits in use", chip="", words=words)


def _queue() -> Fact:
    found = backlog.queue()
    age = f", oldest {found.oldest.total_seconds():.1f} s" if found.due else ""
    return Fact(label="Queue", chip="", words=f"{found.due:,} waiting{age}, {found.later:,} for later")


def _mails() -> Fact:
    by_status = backlog.outbox().by_status
    unsure = by_status.get("unknown", 0) + by_status.get("dead", 0)
    words = f"{by_status.get('pending', 0):,} waiting, {by_status.get('unknown', 0):,} unknown"
    if not unsure:
        return Fact(label="Mail outbox", chip="", words=words)
    return Fact(label="Mail outbox", chip="Look", words=words, tone="watch", icon="warn")


def _counted() -> Fact:
    """How far the rollups are; pages are right all the same, since they add what is not counted yet."""
    behind = sum(feed.behind for feed in rollups.progress())
    return Fact(label="Figures", chip="", words=f"{behind:,} to count" if behind else "all counted")


def _redis() -> Fact:
    try:
        get_redis_connection("default").ping()
    except (RedisError, OSError):
        return Fact(label="Redis", chip="Away", words="slower, and nothing lost", tone="watch", icon="warn")
    return Fact(label="Redis", chip="Up", words="", tone="good", icon="ok")

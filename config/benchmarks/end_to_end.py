"""From the guest to the table through a real worker cluster, against tasks that do nothing.

Throughput: a backlog becomes visible at once, by one commit, and the time until it is done is taken;
backlogs of bookings and of empty tasks alternate in the same cluster. Latency: bookings are accepted
one by one at half of that rate, and the database's rows tell when each was accepted and confirmed.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from django.db import connection, transaction

from assignments.benchmarks.figures import Figure, Progress
from bookings.models import Booking, OutboxMessage, StateChange
from bookings.queue import enqueue
from bookings.states import FINAL, State
from config.benchmarks.cluster import measured_cluster
from config.benchmarks.demand import Guests
from config.benchmarks.percentiles import percentile
from config.benchmarks.throwaway import throwaway_database

NOOP_TASK = "config.benchmarks.noop.nothing"
AT_LEAST = 0.5
P95_MS = 100.0

#: How often the database is asked whether a backlog is done, in seconds.
LOOK_SECONDS = 0.02

#: Seconds without an end after which a backlog counts as stuck.
PATIENCE = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """Rounds, bookings and empty tasks of each round, and bookings for the latency at half load."""

    rounds: int = 5
    bookings: int = 200
    tasks: int = 600
    half_load: int = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Backlog:
    """Bookings a second until all were decided, and until their mails were sent as well."""

    decided: float
    mailed: float


class StuckError(RuntimeError):
    """A backlog did not come to its end."""


def measure(progress: Progress) -> list[Figure]:
    with throwaway_database():
        return figures(Size(), progress)


def figures(size: Size, progress: Progress) -> list[Figure]:
    """Rates a second and their ratio (the median over the rounds); latency in milliseconds."""
    guests = Guests("end-to-end")
    backlogs: list[Backlog] = []
    floor: list[float] = []
    with measured_cluster() as workers:
        _bookings_done(guests, len(guests.layouts))  # to warm up
        for number in range(size.rounds):
            progress(f"end to end, round {number + 1} of {size.rounds}")
            backlogs.append(_bookings_done(guests, size.bookings))
            floor.append(_tasks_done(size.tasks))
        rate = median(backlog.decided for backlog in backlogs) / 2
        progress(f"{size.half_load} bookings at {rate:.0f} a second")
        times = _latencies(guests, size.half_load, rate)
    return [
        Figure(
            name="bookings / empty tasks",
            value=median(mine.decided / theirs for mine, theirs in zip(backlogs, floor, strict=True)),
            unit="ratio",
            at_least=AT_LEAST,
            note=f"{workers} workers, median of {size.rounds} rounds",
        ),
        Figure(name="decided", value=median(mine.decided for mine in backlogs), unit="bookings/s"),
        Figure(
            name="decided and mailed",
            value=median(mine.mailed for mine in backlogs),
            unit="bookings/s",
            note="a second task for each booking",
        ),
        Figure(name="empty tasks", value=median(floor), unit="tasks/s"),
        Figure(
            name="accepted to confirmed at half load",
            value=percentile(times, 0.95),
            unit="ms p95",
            at_most=P95_MS,
            note=f"p50 {percentile(times, 0.5):.0f}, {len(times)} bookings at {rate:.0f}/s",
        ),
    ]


def _bookings_done(guests: Guests, number: int) -> Backlog:
    with transaction.atomic():
        taken = [booking.pk for booking in guests.take_in(number)]
    began = time.monotonic()
    decided = _until(lambda: not _undecided(taken)) - began
    mailed = _until(lambda: not _unsent(taken)) - began
    return Backlog(decided=number / decided, mailed=number / mailed)


def _tasks_done(number: int) -> float:
    with transaction.atomic():
        for task in range(number):
            enqueue(NOOP_TASK, task)
    began = time.monotonic()
    return number / (_until(lambda: not _queued()) - began)


def _latencies(guests: Guests, number: int, rate: float) -> list[float]:
    """Milliseconds from acceptance to confirmation of bookings that arrive evenly, `rate` a second."""
    taken, began = list[int](), time.monotonic()
    for place in range(number):
        time.sleep(max(0.0, began + place / rate - time.monotonic()))
        taken += [booking.pk for booking in guests.take_in(1)]
    _until(lambda: not _undecided(taken))
    confirmed = StateChange.objects.filter(booking__in=taken, to_state=State.CONFIRMED)
    return [
        (change.created_at - change.booking.created_at).total_seconds() * 1000
        for change in confirmed.select_related("booking")
    ]


def _until(done: Callable[[], bool]) -> float:
    """Wait until it is so; the moment on the monotonic clock. Raises StuckError after PATIENCE."""
    deadline = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > deadline:
            raise StuckError(f"not done within {PATIENCE} s")
        time.sleep(LOOK_SECONDS)
    return time.monotonic()


def _undecided(taken: list[int]) -> bool:
    return Booking.objects.filter(pk__in=taken).exclude(assignment_state__in=FINAL).exists()


def _unsent(taken: list[int]) -> bool:
    return OutboxMessage.objects.filter(booking__in=taken, status__in=["pending", "inflight"]).exists()


def _queued() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM django_q_ormq)")
        return bool(cursor.fetchone()[0])

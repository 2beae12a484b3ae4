"""From the guest to the table through a real worker cluster, against tasks that do nothing.

Throughput: a backlog becomes visible at once, by one commit, and the time until it is done is taken.
Backlogs of bookings alternate with empty tasks, once in a cluster that takes them as django-q2 does by
itself, which is the floor, and once in ours, whose broker is faster. Latency: bookings are accepted
one by one at half of that rate, and the database's rows tell when each was accepted and confirmed.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from django.db import connection, transaction

from assignments.benchmarks.figures import Figure, Progress
from bookings.models import OutboxMessage, StateChange
from bookings.queue.tasks import ENQUEUE, URGENT, enqueue_values
from bookings.states import FINAL, State
from config.benchmarks.cluster import measured_cluster
from config.benchmarks.demand import Guests
from config.benchmarks.percentiles import percentile
from config.benchmarks.throwaway import throwaway_database

NOOP_TASK = "config.benchmarks.noop.nothing"
AT_LEAST = 0.5

#: The queue of the tasks that django-q2's own broker hands out.
FLOOR = "floor"
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Latencies:
    """Milliseconds from acceptance to confirmation, and from there until the mail was sent."""

    confirmed: list[float]
    mailed: list[float]


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
    ours: list[float] = []
    with measured_cluster() as workers:
        _bookings_done(guests, len(guests.layouts))  # to warm up
        with measured_cluster(django_q2_queue=FLOOR):
            for number in range(size.rounds):
                progress(f"end to end, round {number + 1} of {size.rounds}")
                backlogs.append(_bookings_done(guests, size.bookings))
                floor.append(_tasks_done(size.tasks, queue=FLOOR))
                ours.append(_tasks_done(size.tasks, queue=URGENT))
        rate = median(backlog.decided for backlog in backlogs) / 2
        progress(f"{size.half_load} bookings at {rate:.0f} a second")
        times = _latencies(guests, size.half_load, rate)
    return [
        Figure(
            name="bookings / empty tasks",
            value=_ratio(backlogs, floor),
            unit="ratio",
            at_least=AT_LEAST,
            note=f"{workers} workers, median of {size.rounds} rounds",
        ),
        Figure(
            name="bookings / empty tasks, our broker",
            value=_ratio(backlogs, ours),
            unit="ratio",
            note="the sterner floor: a faster queue raises it",
        ),
        Figure(name="decided", value=median(mine.decided for mine in backlogs), unit="bookings/s"),
        Figure(
            name="decided and mailed",
            value=median(mine.mailed for mine in backlogs),
            unit="bookings/s",
            note="a second task for each booking",
        ),
        Figure(name="empty tasks", value=median(floor), unit="tasks/s", note="django-q2's own broker"),
        Figure(name="empty tasks, our broker", value=median(ours), unit="tasks/s"),
        Figure(
            name="accepted to confirmed at half load",
            value=percentile(times.confirmed, 0.95),
            unit="ms p95",
            at_most=P95_MS,
            note=f"p50 {percentile(times.confirmed, 0.5):.0f}, "
            f"{len(times.confirmed)} bookings at {rate:.0f}/s",
        ),
        Figure(
            name="confirmed to mailed at half load",
            value=percentile(times.mailed, 0.95),
            unit="ms p95",
            note=f"p50 {percentile(times.mailed, 0.5):.0f}, mails wait for bookings",
        ),
    ]


def _bookings_done(guests: Guests, number: int) -> Backlog:
    with transaction.atomic():
        taken = [booking.pk for booking in guests.take_in(number)]
    # The last one first: to ask for all of them at each look takes a twentieth of the machine.
    last = taken[-1:]
    began = time.monotonic()
    decided = _until(lambda: not _undecided(last) and not _undecided(taken)) - began
    mailed = _until(lambda: not _unsent(last) and not _unsent(taken)) - began
    return Backlog(decided=number / decided, mailed=number / mailed)


def _ratio(backlogs: list[Backlog], tasks: list[float]) -> float:
    return median(mine.decided / theirs for mine, theirs in zip(backlogs, tasks, strict=True))


def _tasks_done(number: int, *, queue: str) -> float:
    with transaction.atomic(), connection.cursor() as cursor:
        for task in range(number):
            cursor.execute(ENQUEUE, {**enqueue_values(NOOP_TASK, task), "queue": queue})
    began = time.monotonic()
    return number / (_until(lambda: not _queued()) - began)


def _latencies(guests: Guests, number: int, rate: float) -> Latencies:
    """How long bookings take that arrive evenly, `rate` a second."""
    taken, began = list[int](), time.monotonic()
    for place in range(number):
        time.sleep(max(0.0, began + place / rate - time.monotonic()))
        taken += [booking.pk for booking in guests.take_in(1)]
    _until(lambda: not _undecided(taken) and not _unsent(taken))
    confirmed = StateChange.objects.filter(booking__in=taken, to_state=State.CONFIRMED)
    sent = OutboxMessage.objects.filter(booking__in=taken, sent_at__isnull=False)
    return Latencies(
        confirmed=[
            _ms(change.created_at - change.booking.created_at)
            for change in confirmed.select_related("booking")
        ],
        mailed=[_ms(mail.sent_at - mail.created_at) for mail in sent if mail.sent_at],
    )


def _ms(time_passed: timedelta) -> float:
    return time_passed.total_seconds() * 1000


def _until(done: Callable[[], bool]) -> float:
    """Wait until it is so; the moment on the monotonic clock. Raises StuckError after PATIENCE."""
    deadline = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > deadline:
            raise StuckError(f"not done within {PATIENCE} s")
        time.sleep(LOOK_SECONDS)
    return time.monotonic()


# Prepared, so that looking takes as little from the workers in each case.
_UNDECIDED = """
SELECT EXISTS (SELECT FROM bookings WHERE id = ANY (%s) AND assignment_state <> ALL (%s))"""
_UNSENT = """
SELECT EXISTS (SELECT FROM outbox_messages
               WHERE booking_id = ANY (%s) AND status IN ('pending', 'inflight'))"""
_QUEUED = "SELECT EXISTS (SELECT FROM django_q_ormq)"


def _undecided(taken: list[int]) -> bool:
    return _is_so(_UNDECIDED, taken, [state.value for state in FINAL])


def _unsent(taken: list[int]) -> bool:
    return _is_so(_UNSENT, taken)


def _queued() -> bool:
    return _is_so(_QUEUED)


def _is_so(question: str, *values: list[int] | list[str]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(question, values)
        return bool(cursor.fetchone()[0])

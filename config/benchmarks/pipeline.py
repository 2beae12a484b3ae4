"""Bookings per second through the coordinator, against the same work as bare statements.

The floor is pgbench with as many sessions, on the same server and the same tables: the statements that runs
send, with their values, in their transactions. A second floor is sterner: what a booking on the direct path
must read and write, in as few statements and round trips as PostgreSQL allows. Rounds of all three alternate.
"""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import cycle, islice
from pathlib import Path
from statistics import median

from django.db import connection
from django.utils import timezone

from assignments.benchmarks.figures import Figure, Progress
from assignments.coordinator import Retry, process_booking
from assignments.models import MAX_SLOTS, Slot
from assignments.warm_up import warm_up
from bookings.demand.loading import create_restaurant
from bookings.models import Booking
from bookings.states import State
from config.benchmarks.crew import Crew, crew
from config.benchmarks.demand import Guests, layouts
from config.benchmarks.percentiles import percentile
from config.benchmarks.pgbench import pgbench, program
from config.benchmarks.replay import recorded, replay
from config.benchmarks.throwaway import throwaway_database

LEAST = Path(__file__).with_name("pipeline_floor.sql")
PROCESSES = 4
AT_LEAST = 0.6

#: Between two bookings of the floor at one table.
APART = timedelta(hours=3)

_FIRST_STEPS = """
INSERT INTO booking_assignment_state_history (booking_id, to_state, version, metadata, created_at)
SELECT id, 'created', 1, '{}', now() FROM bookings WHERE channel = 'floor'
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """Rounds of each kind, and bookings in each round."""

    rounds: int = 5
    bookings: int = 300
    replayed: int = 400
    least: int = 1200


def measure(progress: Progress) -> list[Figure]:
    program()  # told before anything is done
    with throwaway_database():
        return figures(Size(), progress)


def figures(size: Size, progress: Progress) -> list[Figure]:
    """Rates of all in bookings a second, their ratios (the median over the rounds), outcomes."""
    guests = Guests("pipeline")
    first = _floor_bookings(size.rounds * size.least)
    ours: list[float] = []
    floor: list[float] = []
    least: list[float] = []
    times: list[float] = []
    outcomes: Counter[str] = Counter()
    with crew(PROCESSES) as workers:
        workers.do(warm_up, [()] * PROCESSES)  # as workers do
        _run(workers, guests.take_in(PROCESSES * len(guests.layouts)))
        for number in range(size.rounds):
            progress(f"pipeline, round {number + 1} of {size.rounds}")
            rate, took, ends = _run(workers, guests.take_in(size.bookings))
            ours.append(rate)
            times += took
            outcomes += ends
            again = recorded([booking.pk for booking in guests.take_in(size.replayed)])
            floor.append(replay(again, clients=PROCESSES))
            least.append(_least(first, number, size))
    return [
        Figure(
            name="coordinator / pgbench",
            value=_ratio(ours, floor),
            unit="ratio",
            at_least=AT_LEAST,
            note=f"{PROCESSES} processes and sessions, median of {size.rounds} rounds",
        ),
        Figure(
            name="coordinator / fewest statements",
            value=_ratio(ours, least),
            unit="ratio",
            note="the sterner floor: minimal statements in pipelines",
        ),
        Figure(name="coordinator", value=median(ours), unit="bookings/s", note=_told(outcomes)),
        Figure(
            name="pgbench, same statements",
            value=median(floor),
            unit="bookings/s",
            note=f"{len(again[0])} statements a run",
        ),
        Figure(name="pgbench, fewest statements", value=median(least), unit="bookings/s"),
        Figure(name="one run", value=1000 * percentile(times, 0.5), unit="ms p50"),
        Figure(name="one run, slow", value=1000 * percentile(times, 0.95), unit="ms p95"),
    ]


def _ratio(ours: Sequence[float], floor: Sequence[float]) -> float:
    return median(mine / theirs for mine, theirs in zip(ours, floor, strict=True))


def _told(outcomes: Counter[str]) -> str:
    return ", ".join(f"{number} {name}" for name, number in sorted(outcomes.items()))


def _run(workers: Crew, bookings: Sequence[Booking]) -> tuple[float, list[float], Counter[str]]:
    """Bookings a second over all processes, seconds of each run, and how the runs ended."""
    shares = [([booking.pk for booking in bookings[start::PROCESSES]],) for start in range(PROCESSES)]
    done = workers.do(process_all, shares)
    times = [seconds for took, _ in done.results for seconds in took]
    outcomes = sum((ends for _, ends in done.results), Counter[str]())
    return len(bookings) / done.seconds, times, outcomes


def process_all(booking_ids: Sequence[int]) -> tuple[list[float], Counter[str]]:
    """Process the bookings one after the other; those told to come back do so at the end."""
    waiting, times, outcomes = list(booking_ids), [], Counter[str]()
    for booking_id in waiting:
        began = time.perf_counter()
        outcome = process_booking(booking_id=booking_id, trigger="benchmark")
        times.append(time.perf_counter() - began)
        outcomes[type(outcome).__name__] += 1
        if isinstance(outcome, Retry):
            waiting.append(booking_id)
    return times, outcomes


def _floor_bookings(number: int) -> int:
    """Houses and bookings for the floor, each free to take its house's first table; the lowest id."""
    houses = [create_restaurant(layout=layout) for layout in layouts("floor")]
    Slot.objects.bulk_create(
        Slot(restaurant=house, number=place) for house in houses for place in range(1, MAX_SLOTS + 1)
    )
    now = timezone.now()
    rows = Booking.objects.bulk_create(
        [
            Booking(
                restaurant=house,
                reference=f"F-{place}",
                party_size=2,
                start_at=now + place * APART,
                end_at=now + place * APART + timedelta(hours=2),
                channel="floor",
                assignment_state=State.CREATED,
                assignment_state_version=1,
            )
            for place, house in enumerate(islice(cycle(houses), number + PROCESSES))
        ],
        batch_size=1000,
    )
    with connection.cursor() as cursor:
        cursor.execute(_FIRST_STEPS)
        cursor.execute("ANALYZE")
    return min(row.pk for row in rows)


def _least(first: int, number: int, size: Size) -> float:
    transactions = size.least // PROCESSES
    return pgbench(
        LEAST,
        clients=PROCESSES,
        transactions=transactions,
        variables={"first": first, "n": number * transactions - 1, "clients": PROCESSES},
    )

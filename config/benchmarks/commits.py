"""What a booking on the direct path costs PostgreSQL: commits, statements, round trips.

Intake and run are counted, queue and mail apart, as the limit is meant. The floor is the number below
which a booking cannot go: one commit that accepts it and one that gives it its table.
"""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import mean
from typing import TypeVar

from assignments.benchmarks.figures import Figure, Progress
from assignments.coordinator import Confirmed, process_booking
from config.benchmarks.demand import Guests
from config.benchmarks.sent import commits, listening
from config.benchmarks.throwaway import throwaway_database
from config.benchmarks.wire import database_traffic

Result = TypeVar("Result")

MOST_COMMITS = 3
FEWEST_COMMITS = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """What an intake or a run cost; `commits` are those of transactions that write."""

    commits: int
    statements: int
    round_trips: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """Bookings counted, and bookings before them that fill caches, that many at a time."""

    bookings: int = 200
    before: int = 40


def measure(progress: Progress) -> list[Figure]:
    with throwaway_database():
        return figures(Size(), progress)


def figures(size: Size, progress: Progress) -> list[Figure]:
    """Means over the bookings that were confirmed at their first run, and the most commits of any."""
    guests = Guests("commits")
    _fill_caches(guests, size.before)
    progress(f"commits of {size.bookings} bookings")
    counted = [pair for _ in range(size.bookings) if (pair := _one(guests)) is not None]
    intake, run = [one for one, _ in counted], [other for _, other in counted]
    return [
        Figure(
            name="commits of a booking, most",
            value=max(one.commits + other.commits for one, other in counted),
            unit="commits",
            at_most=MOST_COMMITS,
            note=f"{len(counted)} of {size.bookings} bookings were confirmed at once; floor {FEWEST_COMMITS}",
        ),
        _mean("commits at intake", intake, lambda cost: cost.commits, "commits"),
        _mean("commits of the run", run, lambda cost: cost.commits, "commits"),
        _mean("statements at intake", intake, lambda cost: cost.statements, "statements"),
        _mean("statements of the run", run, lambda cost: cost.statements, "statements"),
        _mean("round trips at intake", intake, lambda cost: cost.round_trips, "round trips"),
        _mean("round trips of the run", run, lambda cost: cost.round_trips, "round trips"),
    ]


def _fill_caches(guests: Guests, size: int) -> None:
    """Bookings that are not counted, until each restaurant had one: its first makes its permits."""
    new = {restaurant.pk for restaurant in guests.restaurants.values()}
    while new:
        for booking in guests.take_in(size):
            process_booking(booking_id=booking.pk, trigger="benchmark")
            new.discard(booking.restaurant_id)


def _one(guests: Guests) -> tuple[Cost, Cost] | None:
    """The cost of one booking's intake and run; None if it was not confirmed at once."""
    (booking,), intake = _cost(lambda: guests.take_in(1))
    outcome, run = _cost(lambda: process_booking(booking_id=booking.pk, trigger="benchmark"))
    return (intake, run) if isinstance(outcome, Confirmed) else None


def _cost(work: Callable[[], Result]) -> tuple[Result, Cost]:
    with listening() as sent, database_traffic() as traffic:
        result = work()
    cost = Cost(commits=commits(sent), statements=traffic.statements, round_trips=traffic.round_trips)
    return result, cost


def _mean(name: str, counted: list[Cost], count: Callable[[Cost], int], unit: str) -> Figure:
    return Figure(name=name, value=mean(map(count, counted)), unit=unit)

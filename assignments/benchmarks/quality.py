"""How many covers our policy seats on days that are known to fit, and at which price.

Three yardsticks: the same arrivals with reseating at every step (same locks and freeze), the same arrivals
with nobody locked or frozen (what only somebody who may move guests at will could reach), and hindsight,
which seats everyone on these days. Best fit, the rule of the trade, is planned beside it.

Weights may only be chosen by the tuning days. Everything with a target is measured on the holdout days.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from assignments.benchmarks.days import Day, generated_day
from assignments.benchmarks.figures import Figure, Progress
from assignments.benchmarks.full_reseat import full_reseat
from assignments.benchmarks.renamed import renamed
from assignments.engine.day import arriving, seats_of
from assignments.engine.decide import decide_patiently
from assignments.engine.hindsight import least_slack_of_all
from assignments.engine.policies import Decide, best_fit
from assignments.engine.reasons import Reason
from assignments.engine.scenario import Scenario
from bookings.demand.floor_plans import TEMPLATES

if TYPE_CHECKING:
    from assignments.engine.facts import Seating
    from assignments.engine.ids import Id

FULLNESS = (0.5, 0.6, 0.7, 0.8)
TUNING_SEEDS = range(8)
HOLDOUT_SEEDS = range(1000, 1008)
WORST_DAY = 0.98


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """One day under one policy."""

    bookings: int
    requested: int
    covers: int
    seats: int
    moves: int
    reviews: int
    unproven: int


def measure(progress: Progress) -> list[Figure]:
    """Shares of covers against the yardsticks, avoidable reviews, moves and slack of the holdout days."""
    days = _days(HOLDOUT_SEEDS, "holdout", progress)
    ours = _planned(days, decide_patiently, "v3", progress)
    trade = _planned(days, best_fit, "best fit", progress)
    full = _planned(days, full_reseat, "full reseating", progress)
    again = _planned([_renamed(day) for day in days], full_reseat, "full reseating, renamed", progress)
    free = _planned(
        [_unbound(day) for day in days], decide_patiently, "v3 without locks and freeze", progress
    )
    return [
        *_against(ours, full, again),
        *_alone(ours, trade, free),
        *_leanest(days, full, progress),
        *_by_fullness(days, ours),
        *_tuning(progress),
    ]


def _against(ours: Sequence[Outcome], full: Sequence[Outcome], again: Sequence[Outcome]) -> list[Figure]:
    share = _sum(ours, _covers) / _sum(full, _covers)
    worst, below = _worst(ours, full)
    chance, also_below = _worst(again, full)
    return [
        Figure(name="covers / full reseating of the same arrivals", value=share, unit="", at_least=0.995),
        Figure(name="... worst day", value=worst, unit="", at_least=WORST_DAY, note=below),
        # Two planners alike but for the names of tables: what one day says about a planner is no finer.
        Figure(
            name="... worst day of full reseating, tables renamed", value=chance, unit="", note=also_below
        ),
    ]


def _worst(ours: Sequence[Outcome], full: Sequence[Outcome]) -> tuple[float, str]:
    ratios = [mine.covers / other.covers for mine, other in zip(ours, full, strict=True)]
    below = sum(1 for ratio in ratios if ratio < WORST_DAY)
    return min(ratios), f"{below} of {len(ratios)} days below {WORST_DAY}"


def _leanest(days: Sequence[Day], full: Sequence[Outcome], progress: Progress) -> list[Figure]:
    """The least slack at every step, and the least of all for who knows the whole day."""
    progress("least slack in hindsight")
    covers = _sum(full, lambda day: day.requested)
    empty = sum(least_slack_of_all(day.scenario, day.hidden) for day in days)
    return [
        Figure(name="slack of full reseating", value=_slack(full), unit="of seats"),
        Figure(
            name="slack of hindsight, everyone seated",
            value=empty / (covers + empty),
            unit="of seats",
            note="lower bound (CP-SAT)",
        ),
    ]


def _tuning(progress: Progress) -> list[Figure]:
    """Beside the holdout, to see whether the weights know their days by heart."""
    ours = _planned(_days(TUNING_SEEDS, "tuning", progress), decide_patiently, "v3", progress)
    share = _sum(ours, _covers) / _sum(ours, lambda day: day.requested)
    return [
        Figure(name="tuning days: covers / hindsight", value=share, unit=""),
        Figure(name="tuning days: slack", value=_slack(ours), unit="of seats"),
    ]


def _alone(ours: Sequence[Outcome], trade: Sequence[Outcome], free: Sequence[Outcome]) -> list[Figure]:
    requested = _sum(ours, lambda day: day.requested)
    bookings = _sum(ours, lambda day: day.bookings)
    covers = _sum(ours, _covers)
    return [
        Figure(name="covers / hindsight", value=covers / requested, unit=""),
        Figure(name="covers / hindsight, best fit", value=_sum(trade, _covers) / requested, unit=""),
        Figure(
            name="covers / hindsight, nobody locked or frozen", value=_sum(free, _covers) / requested, unit=""
        ),
        Figure(
            name="avoidable reviews",
            value=_sum(ours, lambda day: day.unproven),
            unit="bookings",
            at_most=0,
            note=f"{_sum(ours, lambda day: day.reviews)} reviews with a proof, {bookings} bookings",
        ),
        Figure(
            name="moves", value=_sum(ours, lambda day: day.moves) / bookings, unit="per booking", at_most=0.15
        ),
        Figure(name="slack", value=_slack(ours), unit="of seats", at_most=0.10),
    ]


def _by_fullness(days: Sequence[Day], ours: Sequence[Outcome]) -> list[Figure]:
    pairs = list(zip(days, ours, strict=True))
    figures = []
    for fullness in FULLNESS:
        here = [outcome for day, outcome in pairs if f" {fullness:.2f} " in day.name]
        share = _sum(here, _covers) / _sum(here, lambda day: day.requested)
        figures.append(Figure(name=f"covers / hindsight at fullness {fullness}", value=share, unit=""))
    return figures


def _days(seeds: range, name: str, progress: Progress) -> list[Day]:
    progress(f"generating {name} days")
    return [
        generated_day(layout, fullness=fullness, seed=seed)
        for layout in TEMPLATES
        for fullness in FULLNESS
        for seed in seeds
    ]


def _renamed(day: Day) -> Day:
    """The day in the same house under other names. Its hidden seating is left out, for nobody needs it."""
    return replace(day, scenario=renamed(day.scenario), hidden={})


def _unbound(day: Day) -> Day:
    """The day with nobody locked, and everybody movable until the start."""
    scenario = day.scenario
    arrivals = tuple(replace(arrival, locked=False) for arrival in scenario.arrivals)
    policy = replace(scenario.policy, freeze=timedelta(0))
    return replace(day, scenario=replace(scenario, arrivals=arrivals, policy=policy))


def _planned(days: Sequence[Day], decide_by: Decide, name: str, progress: Progress) -> list[Outcome]:
    progress(f"planning {len(days)} days: {name}")
    return [_outcome(day.scenario, decide_by) for day in days]


def _outcome(scenario: Scenario, decide_by: Decide) -> Outcome:
    seated: dict[Id, Seating] = {}
    steps = list(arriving(scenario, decide_by, seated))
    seats = seats_of(scenario)
    plans = [step.decision.plan for step in steps if step.decision.plan]
    refused = [step.decision for step in steps if not step.decision.plan]
    return Outcome(
        bookings=len(steps),
        requested=sum(step.arrival.request.party_size for step in steps),
        covers=sum(seating.party_size for seating in seated.values()),
        seats=sum(seats(seating) for seating in seated.values()),
        moves=sum(len(plan.moves) for plan in plans),
        reviews=len(refused),
        unproven=sum(1 for item in refused if not item.proven or item.reason == Reason.UNDECIDED),
    )


def _slack(days: Sequence[Outcome]) -> float:
    """Empty seats as a share of all seats of the sets that were given away."""
    return 1 - _sum(days, _covers) / _sum(days, lambda day: day.seats)


def _covers(day: Outcome) -> int:
    return day.covers


def _sum(days: Sequence[Outcome], value: Callable[[Outcome], int]) -> int:
    return sum(value(day) for day in days)

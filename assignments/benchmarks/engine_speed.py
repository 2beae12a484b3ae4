"""How long a decision takes on each rung of the ladder, and how the direct path grows.

Rungs are timed on an evening with more demand than seats, booked one by one by the engine itself, so that
all rungs occur as they would. Growth is timed on a house that is filled to a number of bookings.
"""

import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from importlib import import_module
from operator import or_
from random import Random

from assignments.benchmarks.days import SATURDAY, floor_plan
from assignments.benchmarks.figures import Figure, Progress
from assignments.engine.context import PUBLISHED_PARTIES, turn_of
from assignments.engine.day import arriving, spread
from assignments.engine.decide import decide
from assignments.engine.facts import BUFFER, MAX_SLACK, Facts, Policy, Request, Seating
from assignments.engine.periods import Period
from assignments.engine.reasons import Reason
from assignments.engine.scenario import Arrival, Scenario
from assignments.engine.seating import seating_index
from bookings.demand.arrivals import bookings_for
from bookings.demand.floor_plans import BRASSERIE, HALL
from bookings.demand.layout import Layout, Table, Zone

FLOORS = (40, 100, 400)
RUNG_FLOORS = ((40, 100), (100, 400))
"""Tables, and bookings asked for in one evening."""
EVENINGS = {40: 6, 100: 1}
BOOKINGS = (50, 100, 200, 500, 1000, 2000)
SAMPLES = 60
OPENING = datetime(2026, 11, 21, 17, tzinfo=UTC)
TARGETS = {
    (40, "direct"): 10.0,
    (40, "bound"): 50.0,
    (40, "reseat"): 200.0,
    (100, "reseat"): 1000.0,
}


def measure(progress: Progress) -> list[Figure]:
    """p95 in milliseconds by rung, undecided counts, and growth of the direct path."""
    _warm_up()
    figures: list[Figure] = []
    for tables, bookings in RUNG_FLOORS:
        progress(f"rungs at {tables} tables, {bookings} bookings")
        figures += _rungs(tables, bookings)
    for tables in FLOORS:
        progress(f"direct path at {tables} tables")
        figures.append(_direct(tables, 100, f"direct at {tables} tables, 100 bookings"))
    for bookings in BOOKINGS:
        progress(f"direct path with {bookings} bookings")
        figures.append(_direct(400, bookings, f"direct at 400 tables, {bookings} bookings"))
    return figures


def tiled(tables: int) -> Layout:
    """Brasserie and hall side by side, again and again, up to that many tables."""
    found: list[Table] = []
    pairs: list[tuple[str, str]] = []
    zones: dict[str, Zone] = {}
    copy = 0
    while len(found) < tables:
        source = (BRASSERIE, HALL)[copy % 2]
        zones.update({zone.name: zone for zone in source.zones})
        found += [replace(table, number=f"{copy:02}-{table.number:0>2}") for table in source.tables]
        pairs += [(f"{copy:02}-{one:0>2}", f"{copy:02}-{other:0>2}") for one, other in source.adjacencies]
        copy += 1
    kept = {table.number for table in found[:tables]}
    return replace(
        HALL,
        slug=f"tiled-{tables}",
        zones=tuple(zones.values()),
        tables=tuple(found[:tables]),
        adjacencies=tuple(pair for pair in pairs if kept.issuperset(pair)),
        combinations=(),
    )


def _rungs(tables: int, bookings: int) -> list[Figure]:
    times: dict[str, list[float]] = defaultdict(list)
    undecided = 0
    for seed in range(EVENINGS[tables]):
        for step in arriving(crowded_evening(tables, bookings, seed), decide, {}):
            undecided += step.decision.reason == Reason.UNDECIDED
            times[step.decision.rung].append(step.milliseconds)
    figures = [
        Figure(
            name=f"{rung} at {tables} tables, {bookings} bookings",
            value=spread(times[rung])["p95"],
            unit="ms p95",
            at_most=TARGETS.get((tables, rung)),
            note=_shape(times[rung]),
        )
        for rung in ("direct", "bound", "reseat")
        if times[rung]
    ]
    count = Figure(
        name=f"undecided at {tables} tables, {bookings} bookings", value=undecided, unit="decisions"
    )
    return [*figures, count]


def _shape(milliseconds: list[float]) -> str:
    found = spread(milliseconds)
    return f"{len(milliseconds)} decisions, p50 {found['p50']:.1f}, max {found['max']:.0f}"


def crowded_evening(tables: int, bookings: int, seed: int = 0) -> Scenario:
    """An evening for which `bookings` are asked, more than the house can seat, in order of arrival."""
    layout = tiled(tables)
    rng = Random(100 * tables + seed)  # noqa: S311 - demand, not secrets
    asked = bookings_for(layout=layout, days=[SATURDAY], load=1.5, rng=rng)
    dinner = [item for item in asked if item.service == "Dinner" and item.party_size <= layout.max_party_auto]
    picked = sorted(rng.sample(range(len(dinner)), min(bookings, len(dinner))))
    return Scenario(
        restaurant=layout.slug,
        timezone=layout.timezone,
        plan=floor_plan(layout),
        policy=Policy(),
        blocks=(),
        arrivals=tuple(
            Arrival(
                request=Request(
                    booking=item.key,
                    party_size=item.party_size,
                    period=Period(start=item.start, end=item.end),
                    zone=item.zone,
                    requires=frozenset(map(str, item.requires)),
                ),
                clock=item.received_at,
                locked=False,
            )
            for item in (dinner[place] for place in picked)
        ),
    )


def _direct(tables: int, bookings: int, name: str) -> Figure:
    facts = filled(tables, bookings)
    requests = _requests(SAMPLES, seed=99)
    milliseconds = [_timed(facts, request) for request in requests]
    return Figure(
        name=name,
        value=spread(milliseconds)["p95"],
        unit="ms p95",
        at_most=TARGETS.get((tables, "direct")),
        note=f"p50 {spread(milliseconds)['p50']:.1f}",
    )


def _timed(facts: Facts, request: Request) -> float:
    began = time.perf_counter()
    decide(facts, request, rungs=("direct",))
    return (time.perf_counter() - began) * 1000


def filled(tables: int, bookings: int) -> Facts:
    """A house with that many bookings, on as many evenings as they need; now is a week before the first."""
    index = seating_index(floor_plan(tiled(tables)), Policy().max_tables)
    seatings: list[Seating] = []
    evening, taken = 0, list[tuple[int, Period]]()
    for request in _requests(bookings, seed=7):
        period = request.period.shifted(timedelta(days=evening))
        busy = sum_of(mask for mask, other in taken if other.overlaps(period))
        free = (item for item in index.for_party(request.party_size, MAX_SLACK) if not item.mask & busy)
        chosen = next(free, None)
        if chosen is None:
            evening, taken = evening + 1, []
            continue
        taken.append((chosen.mask, period.with_buffer(BUFFER)))
        seatings.append(
            Seating(
                booking=request.booking, party_size=request.party_size, tables=chosen.tables, period=period
            )
        )
    return Facts(plan=index.plan, policy=Policy(), now=OPENING - timedelta(days=7), seatings=tuple(seatings))


def sum_of(masks: Iterable[int]) -> int:
    """All tables of the masks together."""
    return reduce(or_, masks, 0)


def _requests(count: int, seed: int) -> list[Request]:
    """Parties of the published sizes (up to 8), starting on quarter hours of one evening."""
    rng = Random(seed)  # noqa: S311 - demand, not secrets
    sizes = [size for size in PUBLISHED_PARTIES if size <= 8]
    drawn = rng.choices(sizes, [PUBLISHED_PARTIES[size] for size in sizes], k=count)
    starts = [OPENING + timedelta(minutes=15 * rng.randrange(20)) for _ in range(count)]
    return [
        Request(
            booking=f"b{seed}-{place:05}",
            party_size=size,
            period=Period(start=start, end=start + turn_of(size)),
        )
        for place, (size, start) in enumerate(zip(drawn, starts, strict=True))
    ]


def _warm_up() -> None:
    """Loads SciPy and OR-tools, which the first refusal of a process would pay for."""
    import_module("assignments.engine.relaxation")
    import_module("assignments.engine.rearrange")

"""Turns generated days into scenarios of the engine.

An accommodating day comes with a hidden seating of all its bookings, so turning any of them away is a loss.
Two things make it harder without breaking that: some bookings are locked (staff pinned their tables), and
blocks take the time that the hidden seating leaves unused on some tables.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from assignments.engine.facts import Block, Policy, Request
from assignments.engine.floor_plan import Combination, FloorPlan, Table
from assignments.engine.ids import Id
from assignments.engine.periods import Period
from assignments.engine.scenario import Arrival, Scenario
from bookings.demand import arrivals as demand
from bookings.demand.accommodating import AccommodatingDay, accommodating_day
from bookings.demand.layout import Layout

LOCKED = 0.05
BLOCKS = 3
SATURDAY = date(2026, 11, 21)


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """A scenario with a name and one seating of all its bookings."""

    name: str
    scenario: Scenario
    hidden: Mapping[Id, tuple[Id, ...]]


def generated_day(
    layout: Layout, *, fullness: float, seed: int, locked: float = LOCKED, blocks: int = BLOCKS
) -> Day:
    """An accommodating Saturday of the layout, filled to `fullness` of the peak's seat-minutes."""
    rng = Random(seed)  # noqa: S311 - demand, not secrets
    made = accommodating_day(layout=layout, day=SATURDAY, fullness=fullness, rng=rng)
    arrivals = tuple(_arrival(item, locked=rng.random() < locked) for item in made.arrivals)
    scenario = Scenario(
        restaurant=layout.slug,
        timezone=layout.timezone,
        plan=floor_plan(layout),
        policy=Policy(
            buffer=timedelta(minutes=layout.buffer_minutes),
            max_slack=layout.max_slack,
            max_tables=layout.max_tables,
        ),
        blocks=_blocks(layout, made, blocks, rng),
        arrivals=arrivals,
    )
    hidden: dict[Id, tuple[Id, ...]] = {key: tuple(tables) for key, tables in made.seating.items()}
    return Day(name=f"{layout.slug} {fullness:.2f} #{seed}", scenario=scenario, hidden=hidden)


def floor_plan(layout: Layout) -> FloorPlan:
    """The layout's tables, adjacencies and named combinations as the engine knows them."""
    return FloorPlan(
        tables=[
            Table(
                id=table.number,
                zone=table.zone,
                capacity=table.capacity,
                min_party=table.min_party,
                max_party=table.max_party,
                movable=table.movable,
                attributes=frozenset(map(str, table.attributes)),
            )
            for table in layout.tables
        ],
        adjacencies=layout.adjacencies,
        combinations=[
            Combination(tables=frozenset(item.tables), capacity=item.capacity) for item in layout.combinations
        ],
    )


def _arrival(item: demand.Arrival, *, locked: bool) -> Arrival:
    request = Request(
        booking=item.key,
        party_size=item.party_size,
        period=Period(start=item.start, end=item.end),
        zone=item.zone,
        requires=frozenset(map(str, item.requires)),
    )
    return Arrival(request=request, clock=item.received_at, locked=locked)


def _blocks(layout: Layout, made: AccommodatingDay, count: int, rng: Random) -> tuple[Block, ...]:
    """Up to `count` tables out of service from the hidden seating's last use of them, or all evening."""
    buffer = timedelta(minutes=layout.buffer_minutes)
    first = min((item.start for item in made.arrivals), default=None)
    last = max((item.end for item in made.arrivals), default=None)
    if first is None or last is None:
        return ()
    found = []
    for table in rng.sample([table.number for table in layout.tables], count):
        ends = _ends(made, table)
        start = max(ends) + buffer if ends else first
        if start < last:
            found.append(Block(table=table, period=Period(start=start, end=last)))
    return tuple(found)


def _ends(made: AccommodatingDay, table: str) -> list[datetime]:
    return [item.end for item in made.arrivals if table in made.seating[item.key]]

"""Made-up days put before the real seating engine, booking by booking, in order of arrival."""

from datetime import timedelta

from assignments.engine.decide import decide
from assignments.engine.facts import Facts, Policy, Request, Seating
from assignments.engine.floor_plan import Combination, FloorPlan, Table
from assignments.engine.periods import Period
from bookings.demand.arrivals import Arrival
from bookings.demand.layout import Layout


def engine_plan(layout: Layout) -> FloorPlan:
    return FloorPlan(
        tables=[
            Table(
                id=table.number,
                zone=table.zone,
                capacity=table.capacity,
                min_party=table.min_party,
                max_party=table.max_party,
                movable=table.movable,
                attributes=frozenset(table.attributes),
            )
            for table in layout.tables
        ],
        adjacencies=layout.adjacencies,
        combinations=[
            Combination(tables=frozenset(named.tables), capacity=named.capacity)
            for named in layout.combinations
        ],
    )


def engine_policy(layout: Layout) -> Policy:
    return Policy(
        buffer=timedelta(minutes=layout.buffer_minutes),
        max_slack=layout.max_slack,
        max_tables=layout.max_tables,
    )


def seated_by_best_fit(layout: Layout, arrivals: tuple[Arrival, ...]) -> int:
    """How many the engine's direct fit seats; nobody moves, and too large parties go to people."""
    plan, policy = engine_plan(layout), engine_policy(layout)
    seatings: list[Seating] = []
    for arrival in arrivals:
        if arrival.party_size <= layout.max_party_auto:
            facts = Facts(plan=plan, policy=policy, now=arrival.received_at, seatings=tuple(seatings))
            seatings += _seated(facts, arrival)
    return len(seatings)


def _seated(facts: Facts, arrival: Arrival) -> list[Seating]:
    period = Period(start=arrival.start, end=arrival.end)
    requires = frozenset(arrival.requires)
    request = Request(
        booking=arrival.key,
        party_size=arrival.party_size,
        period=period,
        zone=arrival.zone,
        requires=requires,
    )
    return [
        Seating(
            booking=arrival.key,
            party_size=arrival.party_size,
            tables=plan.tables,
            period=period,
            zone=arrival.zone,
            requires=requires,
        )
        for plan in decide(facts, request, rungs=("direct",)).plans[:1]
    ]

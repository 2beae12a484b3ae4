"""Plans a scenario's bookings one by one, as they arrive, by one policy."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from assignments.engine.facts import Facts, Request, Seating
from assignments.engine.ids import Id
from assignments.engine.plans import Decision, Plan
from assignments.engine.policies import POLICIES, Decide
from assignments.engine.scenario import Arrival, Scenario
from assignments.engine.seating import seating_index


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One arrival: what was known, what was decided, and how long that took."""

    arrival: Arrival
    facts: Facts
    decision: Decision
    milliseconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedDay:
    """A scenario planned by a policy; `final` holds the seatings at the end of the day's arrivals."""

    scenario: Scenario
    policy: str
    steps: tuple[Step, ...]
    final: tuple[Seating, ...]


def plan_day(scenario: Scenario, policy: str) -> PlannedDay:
    """The whole day; raises KeyError for a policy that does not exist."""
    seated: dict[Id, Seating] = {}
    steps = tuple(arriving(scenario, POLICIES[policy], seated))
    return PlannedDay(scenario=scenario, policy=policy, steps=steps, final=tuple(seated.values()))


def arriving(scenario: Scenario, decide: Decide, seated: dict[Id, Seating]) -> Iterator[Step]:
    """Each arrival's step; `seated` is brought up to date before the step is handed out."""
    for arrival in scenario.arrivals:
        facts = Facts(
            plan=scenario.plan,
            policy=scenario.policy,
            now=arrival.clock,
            seatings=tuple(seated.values()),
            blocks=scenario.blocks,
        )
        began = time.perf_counter()
        decision = decide(facts, arrival.request)
        took = (time.perf_counter() - began) * 1000
        if decision.plan:
            _carry_out(decision.plan, arrival, seated)
        yield Step(arrival=arrival, facts=facts, decision=decision, milliseconds=took)


def _carry_out(plan: Plan, arrival: Arrival, seated: dict[Id, Seating]) -> None:
    for move in plan.moves:
        seated[move.booking] = replace(seated[move.booking], tables=move.to_tables)
    seated[arrival.request.booking] = _seating(arrival.request, plan, locked=arrival.locked)


def _seating(request: Request, plan: Plan, *, locked: bool) -> Seating:
    return Seating(
        booking=request.booking,
        party_size=request.party_size,
        tables=plan.tables,
        period=request.period,
        zone=request.zone,
        requires=request.requires,
        locked=locked,
    )


def result_of(day: PlannedDay) -> dict[str, Any]:
    """The result in plan_day's format; deterministic apart from `decision_ms`."""
    return {
        "policy": day.policy,
        "decisions": [_decision(step) for step in day.steps],
        "final": {seating.booking: list(seating.tables) for seating in day.final},
        "summary": summary_of(day),
    }


def _decision(step: Step) -> dict[str, Any]:
    decision, plan = step.decision, step.decision.plan
    return {
        "booking": step.arrival.request.booking,
        "outcome": "confirmed" if plan else "manual_review",
        "tables": list(plan.tables) if plan else [],
        "strategy": plan.strategy if plan else None,
        "reason": decision.reason.value if decision.reason else None,
        "score": round(plan.score, 6) if plan else None,
        "moves": [move.as_json() for move in plan.moves] if plan else [],
        "certificate": decision.certificate.as_json() if decision.certificate else None,
    }


def summary_of(day: PlannedDay) -> dict[str, Any]:
    """Counts, covers, seats left empty at occupied tables, and times in milliseconds."""
    sizes = [step.arrival.request.party_size for step in day.steps]
    return {
        "bookings": len(day.steps),
        "confirmed": len(day.final),
        "manual_review": len(day.steps) - len(day.final),
        "covers_requested": sum(sizes),
        "covers_seated": sum(seating.party_size for seating in day.final),
        "moves": sum(len(step.decision.plan.moves) for step in day.steps if step.decision.plan),
        "slack_seats": slack_seats(day),
        "decision_ms": spread([step.milliseconds for step in day.steps]),
    }


def slack_seats(day: PlannedDay) -> int:
    """Empty seats at occupied tables, by the capacity of the set each party got."""
    seats = seats_of(day.scenario)
    return sum(seats(seating) - seating.party_size for seating in day.final)


def seats_of(scenario: Scenario) -> Callable[[Seating], int]:
    """The capacity of a seating's set: a named combination's own, else the sum."""
    index = seating_index(scenario.plan, scenario.policy.max_tables)
    capacity = {item.tables: item.capacity for item in index.candidates}
    return lambda seating: capacity[seating.tables]


def spread(milliseconds: list[float]) -> dict[str, float]:
    """p50, p95 (nearest rank) and maximum; zeros for an empty list."""
    ordered = sorted(milliseconds) or [0.0]
    last = len(ordered) - 1
    return {
        name: round(ordered[min(last, max(0, math.ceil(share * len(ordered)) - 1))], 3)
        for name, share in (("p50", 0.5), ("p95", 0.95), ("max", 1.0))
    }

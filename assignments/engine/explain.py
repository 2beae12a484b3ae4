"""What a person can offer instead of a refusal: the nearest alternatives, ranked, each with its plan."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from assignments.engine.decide import context_of, decide, rearranged_plans
from assignments.engine.facts import Facts, Request
from assignments.engine.periods import Period
from assignments.engine.plans import Decision, Plan

Kind = Literal["shift", "move", "zone", "attribute", "shorter"]

STEP = timedelta(minutes=15)
SHIFTS = tuple(sign * minutes * STEP for minutes in (1, 2, 3, 4) for sign in (1, -1))
CUTS = (STEP, 2 * STEP)
SHORTEST_TURN = timedelta(minutes=45)

COST_OF_MOVE = 0.2
COST_OF_ZONE = 0.4
COST_OF_ATTRIBUTE = 0.5
COST_OF_CUT = 0.1
"""How much worse than the wish, on the scale on which a shift by an hour costs 1."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Alternative:
    """A request near the one that was refused, with the plan that seats it; least cost is best."""

    kind: Kind
    request: Request
    plan: Plan
    cost: float
    sentence: str

    def as_json(self) -> dict[str, Any]:
        period = self.request.period
        return {
            "kind": self.kind,
            "start": period.start.isoformat(),
            "end": period.end.isoformat(),
            "zone": self.request.zone,
            "requires": sorted(self.request.requires),
            "plan": self.plan.as_json(),
            "cost": round(self.cost, 3),
            "sentence": self.sentence,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """A decision with its alternatives (none needed when there is a plan)."""

    decision: Decision
    alternatives: tuple[Alternative, ...]

    def as_json(self) -> dict[str, Any]:
        return {**self.decision.as_json(), "alternatives": [item.as_json() for item in self.alternatives]}


def explain(facts: Facts, request: Request) -> Explanation:
    """The decision, and for a refusal the nearest alternatives that need nobody's move but one."""
    decision = decide(facts, request)
    return Explanation(decision=decision, alternatives=() if decision.plan else alternatives(facts, request))


def alternatives(facts: Facts, request: Request) -> tuple[Alternative, ...]:
    """All nearest alternatives that can be seated as things stand, cheapest first."""
    found = [*other_wishes(facts, request), *with_one_move(facts, request)]
    return tuple(sorted(found, key=lambda item: item.cost))


def other_wishes(facts: Facts, request: Request) -> tuple[Alternative, ...]:
    """Those for which nobody moves: what a guest can ask for, cheapest first."""
    found = [
        Alternative(kind=kind, request=asked, plan=plan, cost=cost, sentence=sentence)
        for kind, asked, cost, sentence in _wishes(facts, request)
        if (plan := decide(facts, asked, rungs=("direct",)).plan)
    ]
    return tuple(sorted(found, key=lambda item: item.cost))


def next_free(facts: Facts, request: Request, *, latest: datetime) -> Alternative | None:
    """The earliest later start up to `latest`, in steps of 15 minutes, with a free table."""
    shift = STEP
    while request.period.start + shift <= latest:
        asked = replace(request, period=request.period.shifted(shift))
        plan = decide(facts, asked, rungs=("direct",)).plan
        if plan:
            return Alternative(
                kind="shift", request=asked, plan=plan, cost=shift / (4 * STEP), sentence=_shifted(shift)
            )
        shift += STEP
    return None


Wish = tuple[Kind, Request, float, str]


def _wishes(facts: Facts, request: Request) -> Iterator[Wish]:
    for shift in SHIFTS:
        period = request.period.shifted(shift)
        # Nobody can be offered a start that has passed.
        if period.start >= facts.now:
            yield "shift", replace(request, period=period), abs(shift) / (4 * STEP), _shifted(shift)
    yield from _other_zones(facts, request)
    for attribute in sorted(request.requires):
        asked = replace(request, requires=request.requires - {attribute})
        yield "attribute", asked, COST_OF_ATTRIBUTE, f"without {attribute}"
    yield from _shorter_turns(request)


def _other_zones(facts: Facts, request: Request) -> Iterator[Wish]:
    if request.zone is None:
        return
    for zone in sorted({table.zone for table in facts.plan.tables} - {request.zone}):
        yield "zone", replace(request, zone=zone), COST_OF_ZONE, f"in zone {zone}"


def _shorter_turns(request: Request) -> Iterator[Wish]:
    period = request.period
    for cut in CUTS:
        if period.end - period.start - cut < SHORTEST_TURN:
            continue
        asked = replace(request, period=Period(start=period.start, end=period.end - cut))
        minutes = cut // timedelta(minutes=1)
        yield "shorter", asked, COST_OF_CUT + cut / (4 * STEP), f"leaving {minutes} minutes earlier"


def with_one_move(facts: Facts, request: Request) -> list[Alternative]:
    """Plans that move one booking, even one that the automation may not move any more.

    Staff may move a booking after its freeze as long as it has not started; locked and checked-in ones stay.
    """
    unfrozen = replace(facts, policy=replace(facts.policy, freeze=timedelta(0)))
    plans = rearranged_plans(context_of(unfrozen, request), most_moves=1)
    return [
        Alternative(
            kind="move",
            request=request,
            plan=plan,
            cost=COST_OF_MOVE,
            sentence=f"moving booking {plan.moves[0].booking}",
        )
        for plan in plans
        if plan.moves
    ]


def _shifted(shift: timedelta) -> str:
    minutes = abs(shift) // timedelta(minutes=1)
    return f"{minutes} minutes {'later' if shift > timedelta(0) else 'earlier'}"

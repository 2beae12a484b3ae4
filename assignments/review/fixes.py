"""Fixes: the few best ways to seat a booking that waits for people, ranked, each with what it costs.

They are found on frozen facts and change nothing. A fix is named by a key made of all it would do: whoever
applies one has the fixes found again, and a key that is no longer among them is a conflict.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from itertools import islice
from typing import Any

from assignments.engine import explain
from assignments.engine.decide import decide
from assignments.engine.facts import Facts, Request
from assignments.engine.floor_plan import FloorPlan
from assignments.engine.plans import Plan
from assignments.engine.refusals import FloorPlanError
from assignments.facts_store import exchanges_of, load_facts, table_ids
from bookings.allocations import Exchange
from bookings.models import Booking
from bookings.offers import offers_for
from bookings.seating import Alternative, Party
from bookings.wishes import Wish, wish_of

#: Most fixes offered, one for each of the keys 1 to 5.
MOST = 5

#: Most fixes of one kind: the fourth shift helps less than the first other way.
MOST_OF_A_KIND = 2

#: Tables more than the house joins by itself, when people override.
TABLES_MORE = 2

#: Empty seats nobody would ask about: for an override any table is small enough.
ANY_SLACK = 10_000

#: What it costs, on the scale of the engine's alternatives, to seat a party against the house's rules.
COST_OF_OVERRIDE = 2.0


class FixKind(StrEnum):
    """SEAT costs nobody anything; MOVE costs another guest a table; the next four cost this guest a wish."""

    SEAT = "seat"
    MOVE = "move"
    SHIFT = "shift"
    ZONE = "zone"
    ATTRIBUTE = "attribute"
    SHORTER = "shorter"
    OVERRIDE = "override"


#: Fixes after which the booking is no longer what the guest asked for.
CHANGES_THE_WISH = frozenset({FixKind.SHIFT, FixKind.ZONE, FixKind.ATTRIBUTE, FixKind.SHORTER})


@dataclass(frozen=True, kw_only=True, slots=True)
class Fix:
    """Seat `wish` at `tables` after `moves`. Cost 1 is a shift by an hour; `sentence` says what differs."""

    kind: FixKind
    wish: Wish
    tables: tuple[int, ...]
    strategy: str
    cost: float
    sentence: str
    moves: tuple[Exchange, ...] = ()

    @property
    def key(self) -> str:
        """Names exactly what this fix would do."""
        text = json.dumps({**self.as_json(), "cost": None, "sentence": None}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind.value,
            "start": self.wish.start.isoformat(),
            "end": self.wish.end.isoformat(),
            "zone": self.wish.zone_id,
            "requires": sorted(self.wish.requires),
            "party_size": self.wish.party_size,
            "tables": list(self.tables),
            "moves": [[move.booking_id, list(move.from_tables), list(move.to_tables)] for move in self.moves],
            "cost": round(self.cost, 3),
            "sentence": self.sentence,
        }


def fixes_for(*, booking: Booking, now: datetime) -> tuple[Fix, ...]:
    """The best fixes, the cheapest first; none where the restaurant has no table in service."""
    try:
        facts, request = load_facts(booking=booking, now=now)
    except FloorPlanError:
        return ()
    found = sorted(_all(booking, facts, request, now), key=lambda fix: fix.cost)
    return tuple(islice(_varied(found), MOST))


def _all(booking: Booking, facts: Facts, request: Request, now: datetime) -> Iterator[Fix]:
    wish = wish_of(booking)
    plan = decide(facts, request).plan
    if plan:
        yield _as_wished(wish, plan, facts)
    else:
        yield from _with_one_move(wish, facts, request)
    party = Party(restaurant=booking.restaurant, wish=wish, booking_id=booking.pk)
    yield from (_other_wish(item) for item in offers_for(party=party, now=now))
    override = None if plan else _against_the_rules(wish, facts, request)
    if override:
        yield override


def _varied(fixes: list[Fix]) -> Iterator[Fix]:
    """In their order, without the many of one kind."""
    seen: dict[FixKind, int] = {}
    for fix in fixes:
        seen[fix.kind] = seen.get(fix.kind, 0) + 1
        if seen[fix.kind] <= MOST_OF_A_KIND:
            yield fix


def _as_wished(wish: Wish, plan: Plan, facts: Facts) -> Fix:
    moves = exchanges_of(plan, facts)
    return Fix(
        kind=FixKind.MOVE if moves else FixKind.SEAT,
        wish=wish,
        tables=table_ids(plan.tables),
        moves=moves,
        strategy=plan.strategy,
        cost=explain.COST_OF_MOVE * len(moves),
        sentence="as the guest wished",
    )


def _with_one_move(wish: Wish, facts: Facts, request: Request) -> Iterator[Fix]:
    """Moves of a booking that the automation may not move any more, but people may."""
    for item in explain.with_one_move(facts, request):
        yield _as_wished(wish, item.plan, facts)


def _other_wish(item: Alternative) -> Fix:
    return Fix(
        kind=FixKind(item.kind),
        wish=item.wish,
        tables=item.tables,
        strategy="staff",
        cost=item.cost,
        sentence=item.sentence,
    )


def _against_the_rules(wish: Wish, facts: Facts, request: Request) -> Fix | None:
    """The best free tables if slack, smallest parties, needs and how many are joined did not count."""
    policy = replace(facts.policy, max_slack=ANY_SLACK, max_tables=facts.policy.max_tables + TABLES_MORE)
    freely = replace(request, zone=None, requires=frozenset())
    plan = decide(replace(facts, plan=_relaxed(facts.plan), policy=policy), freely, rungs=("direct",)).plan
    if plan is None:
        return None
    return Fix(
        kind=FixKind.OVERRIDE,
        wish=wish,
        tables=table_ids(plan.tables),
        strategy="staff",
        cost=COST_OF_OVERRIDE,
        sentence="against the rules of the house",
    )


@lru_cache(maxsize=64)
def _relaxed(plan: FloorPlan) -> FloorPlan:
    """The plan with tables that take any party they have chairs for; candidate sets are kept with it."""
    return FloorPlan(
        tables=[replace(table, min_party=1, max_party=None) for table in plan.tables],
        adjacencies=plan.adjacencies,
        combinations=plan.combinations,
    )

"""Seats changed bookings and answers for free times: the engine behind the port `bookings.seating`.

Like the coordinator it follows the flags: where V3 does not decide for a restaurant, a party gets the
tables the legacy planner would quote, and nobody is moved for it.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from assignments import flags
from assignments.engine import explain
from assignments.engine.decide import context_of, decide, ruled_out
from assignments.engine.facts import Block, Facts, Request
from assignments.engine.flags import Mode
from assignments.engine.periods import Period
from assignments.engine.plans import Decision
from assignments.engine.policies import legacy
from assignments.engine.promises import holds
from assignments.engine.reasons import SENTENCES, Reason
from assignments.engine.refusals import FloorPlanError
from assignments.engine.rejections import why_not
from assignments.facts_store import (
    NOBODY,
    exchanges_of,
    facts_between,
    request_for,
    table_ids,
    wish_from,
)
from bookings.models import Zone
from bookings.seating import Alternative, NoSeat, Party, Seat, Seating

_NOT_FREE = NoSeat(
    reason=Reason.NO_ASSIGNMENT, sentence="Every table that suits this party is taken at this time."
)
_NO_TABLES = NoSeat(
    reason=Reason.NO_ASSIGNMENT, sentence="The restaurant has no table in service.", proven=True
)


class EngineSeating:
    """See `bookings.seating.Seating`."""

    def keeps(self, *, party: Party, tables: Sequence[int], now: datetime) -> bool:
        try:
            facts, request = _asked(party, now)
        except FloorPlanError:
            return False
        return why_not(facts, request, tables) is None

    def holds(self, *, party: Party, tables: Sequence[int], now: datetime) -> bool:
        try:
            facts, request = _asked(party, now)
        except FloorPlanError:
            return False
        return holds(facts, request, tables)

    def seat(
        self, *, party: Party, now: datetime, moving: bool = True, without: Collection[int] = ()
    ) -> Seat | NoSeat:
        try:
            facts, request = _asked(party, now)
        except FloorPlanError:
            return _NO_TABLES
        facts = _with_out_of_service(facts, request, without)
        decision = _decide(party, facts, request, moving=moving)
        if decision.plan is None:
            return _refusal(decision)
        plan = decision.plan
        return Seat(tables=table_ids(plan.tables), strategy=plan.strategy, moves=exchanges_of(plan, facts))

    def alternatives(self, *, party: Party, now: datetime) -> tuple[Alternative, ...]:
        try:
            facts, request = _asked(party, now)
        except FloorPlanError:
            return ()
        found = explain.other_wishes(facts, request)
        if not _is_v3(party):
            found = tuple(item for item in found if legacy(facts, item.request).plan)
        return tuple(_alternative(item) for item in found)

    def next_free(self, *, party: Party, latest: datetime, now: datetime) -> Alternative | None:
        try:
            facts, request = _asked(party, now)
        except FloorPlanError:
            return None
        found = explain.next_free(facts, request, latest=latest)
        return _alternative(found) if found else None

    def refusals(self, *, parties: Sequence[Party], now: datetime) -> list[NoSeat | None]:
        """Facts are read once and no plan is rated: only whether a set of tables is free."""
        if not parties:
            return []
        try:
            facts = facts_between(
                restaurant=parties[0].restaurant,
                start=min(party.wish.start for party in parties),
                end=max(party.wish.end for party in parties),
                now=now,
            )
        except FloorPlanError:
            return [_NO_TABLES] * len(parties)
        v3 = _is_v3(parties[0])
        return [_why_not_free(facts, party, v3=v3) for party in parties]


SERVICE: Seating = EngineSeating()


def _asked(party: Party, now: datetime) -> tuple[Facts, Request]:
    booking_id, wish = party.booking_id or NOBODY, party.wish
    facts = facts_between(
        restaurant=party.restaurant, start=wish.start, end=wish.end, but=booking_id, now=now
    )
    return facts, request_for(booking_id, wish)


def _with_out_of_service(facts: Facts, request: Request, tables: Collection[int]) -> Facts:
    """The facts with tables that are about to leave: as if blocked for as long as the party sits."""
    if not tables:
        return facts
    period = Period(start=request.period.start, end=request.period.end + facts.policy.buffer)
    blocks = tuple(Block(table=table, period=period) for table in sorted(tables))
    return replace(facts, blocks=facts.blocks + blocks)


def _decide(party: Party, facts: Facts, request: Request, *, moving: bool) -> Decision:
    if not _is_v3(party):
        return legacy(facts, request)
    return decide(facts, request) if moving else decide(facts, request, rungs=("direct",))


def _is_v3(party: Party) -> bool:
    return flags.current().mode(party.restaurant.pk, party.booking_id) is Mode.ACTIVE


def _refusal(decision: Decision) -> NoSeat:
    reason = decision.reason or Reason.NO_ASSIGNMENT
    if reason == Reason.NO_ASSIGNMENT:
        return _NOT_FREE
    return NoSeat(reason=reason, sentence=SENTENCES[reason], proven=decision.proven)


def _why_not_free(facts: Facts, party: Party, *, v3: bool) -> NoSeat | None:
    request = request_for(party.booking_id or NOBODY, party.wish)
    context = context_of(facts, request)
    if context.free if v3 else legacy(facts, request).plan:
        return None
    reason = ruled_out(context)
    return NoSeat(reason=reason, sentence=SENTENCES[reason], proven=True) if reason else _NOT_FREE


def _alternative(item: explain.Alternative) -> Alternative:
    return Alternative(
        kind=item.kind,
        wish=wish_from(item.request),
        tables=table_ids(item.plan.tables),
        cost=item.cost,
        sentence=_sentence(item),
    )


def _sentence(item: explain.Alternative) -> str:
    """The engine's words, but for a zone, which it knows by its id only."""
    if item.kind != "zone":
        return item.sentence
    name = Zone.objects.values_list("name", flat=True).get(pk=int(item.request.zone or 0))
    return f"in zone {name}"

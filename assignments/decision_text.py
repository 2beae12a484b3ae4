"""Tells a stored decision in plain words, with table numbers and booking references for ids."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from assignments.engine.reasons import SENTENCES, Reason
from assignments.engine.rejections import WHY_SENTENCES, Why
from bookings.models import Booking, Restaurant, Table, Zone


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """What people call the tables, zones and bookings of one decision. Times are shown in `timezone`."""

    tables: Mapping[int, str]
    zones: Mapping[str, str]
    bookings: Mapping[int, str]
    timezone: ZoneInfo

    def joined(self, tables: Sequence[int]) -> str:
        return " + ".join(self.tables.get(table, f"table {table}") for table in tables)

    def booking(self, booking_id: int) -> str:
        return self.bookings.get(booking_id, f"booking {booking_id}")

    def moment(self, iso: str) -> str:
        return f"{datetime.fromisoformat(iso).astimezone(self.timezone):%d %b %H:%M}"


def names_for(restaurant: Restaurant, decision: Mapping[str, Any]) -> Names:
    """The names a decision at this restaurant needs (three queries)."""
    tables = Table.objects.filter(restaurant=restaurant).values_list("pk", "number")
    zones = Zone.objects.filter(restaurant=restaurant).values_list("pk", "name")
    bookings = Booking.objects.filter(pk__in=_bookings_in(decision)).values_list("pk", "reference")
    return Names(
        tables=dict(tables),
        zones={str(pk): name for pk, name in zones},
        bookings=dict(bookings),
        timezone=restaurant.tzinfo,
    )


def in_words(decision: Mapping[str, Any], names: Names) -> list[str]:
    """The decision line by line: why, the plans with their scores, and for every table why not."""
    return [
        *_reason(decision),
        *_plans(decision.get("plans", ()), decision.get("considered", 0), names),
        *_rejections(decision.get("rejections", ()), names),
        *_alternatives(decision.get("alternatives", ()), names),
    ]


def sentence(reason: str) -> str:
    """The plain sentence of a reason code, or the code itself where it has none."""
    return SENTENCES[Reason(reason)] if reason in set(Reason) else reason.replace("_", " ")


def _bookings_in(decision: Mapping[str, Any]) -> set[int]:
    plans = [*decision.get("plans", ()), *(item["plan"] for item in decision.get("alternatives", ()))]
    moved = {move["booking"] for plan in plans for move in plan["moves"]}
    in_the_way = {booking for item in decision.get("rejections", ()) for booking in item.get("bookings", ())}
    return {int(booking) for booking in moved | in_the_way}


def most_seated(bound: Mapping[str, Any]) -> int:
    """How many bookings can sit by a bound of 36.003; a whole number that rounding lowered is that number."""
    return math.floor(float(bound["value"]) + 1e-6)


def _reason(decision: Mapping[str, Any]) -> Iterator[str]:
    if not decision.get("reason"):
        return
    yield f"Why: {sentence(decision['reason'])}"
    proof = decision.get("certificate")
    if proof is None:
        yield "Proof: none, so trying again may help."
    elif proof["kind"] == "bound":
        yield (
            f"Proof: of {proof['needed']} bookings that would have to be seated at once, "
            f"at most {most_seated(proof)} can be."
        )
    else:
        yield "Proof: every seating was looked at."


def _plans(plans: Sequence[Mapping[str, Any]], considered: int, names: Names) -> Iterator[str]:
    if not plans:
        return
    yield f"Plans considered: {considered}; the best:"
    for rank, plan in enumerate(plans, start=1):
        parts = ", ".join(f"{name} {value:.3f}" for name, value in plan["breakdown"].items())
        yield f"  {rank}. {names.joined(plan['tables'])}, score {plan['score']:.3f}, by {plan['strategy']}"
        yield f"     {parts}"
        yield from (f"     {_move(move, names)}" for move in plan["moves"])


def _move(move: Mapping[str, Any], names: Names) -> str:
    here, there = names.joined(move["from"]), names.joined(move["to"])
    return f"moves {names.booking(move['booking'])} from {here} to {there}"


def _rejections(rejections: Sequence[Mapping[str, Any]], names: Names) -> Iterator[str]:
    if not rejections:
        return
    yield "Why not the other tables:"
    for item in rejections:
        why = WHY_SENTENCES[Why(item["why"])]
        holders = ", ".join(names.booking(booking) for booking in item.get("bookings", ()))
        until = f" until {names.moment(item['until'])}" if item.get("until") else ""
        yield f"  {names.joined(item['tables'])}: {why}{f' ({holders})' if holders else ''}{until}"


def _alternatives(alternatives: Sequence[Mapping[str, Any]], names: Names) -> Iterator[str]:
    if not alternatives:
        return
    yield "Nearest alternatives:"
    for item in alternatives:
        yield f"  {_offer(item, names)}: {names.joined(item['plan']['tables'])}"


def _offer(item: Mapping[str, Any], names: Names) -> str:
    """What is offered; zones and moved bookings by name where the engine knows ids only."""
    if item["kind"] == "zone":
        return f"in zone {names.zones.get(item['zone'], item['zone'])}"
    if item["kind"] == "move":
        return _move(item["plan"]["moves"][0], names)
    return str(item["sentence"])

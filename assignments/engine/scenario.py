"""Reads a scenario of plan_day, strictly: what is unknown, missing or impossible is refused with its path."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from assignments.engine.facts import BUFFER, FREEZE, MAX_SLACK, MAX_TABLES, Block, Policy, Request
from assignments.engine.floor_plan import Combination, FloorPlan, Table
from assignments.engine.periods import Period
from assignments.engine.refusals import FactsError
from assignments.engine.scenario_json import (
    JsonObject,
    Made,
    ScenarioError,
    decoded,
    instant_of,
    list_of,
    minutes_of,
    text_of,
    text_or_null,
    timezone_of,
)
from assignments.engine.seating import seating_index


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """A booking of the scenario; `clock` is the instant at which it is planned."""

    request: Request
    clock: datetime
    locked: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """A day: the house, its rules, and bookings in order of arrival."""

    restaurant: str
    timezone: str
    plan: FloorPlan
    policy: Policy
    blocks: tuple[Block, ...]
    arrivals: tuple[Arrival, ...]


def read_scenario(text: str) -> Scenario:
    """The scenario in a JSON text; raises ScenarioError with path and reason."""
    return scenario_of(decoded(text))


def scenario_of(content: object) -> Scenario:
    """The scenario in decoded JSON; raises ScenarioError with path and reason."""
    found = JsonObject(content, ())
    scenario = Scenario(
        restaurant=found.text("restaurant", default=""),
        timezone=found.made("timezone", timezone_of),
        policy=_policy(found),
        plan=_located(lambda: _plan(found)),
        blocks=tuple(found.each("blocks", _block, default=())),
        arrivals=tuple(found.each("bookings", _arrival)),
    )
    found.nothing_else()
    _check(scenario)
    return scenario


def _check(scenario: Scenario) -> None:
    """What only shows when the parts are seen together."""
    for place, block in enumerate(scenario.blocks):
        if block.table not in scenario.plan.table:
            raise ScenarioError(f"unknown table {block.table!r}", "blocks", place, "table")
    seen: set[object] = set()
    for place, arrival in enumerate(scenario.arrivals):
        booking = arrival.request.booking
        if booking in seen:
            raise ScenarioError(f"booking {booking!r} is listed twice", "bookings", place, "id")
        seen.add(booking)
        _check_time(arrival.request.period, scenario.policy.buffer, place)
    _located(lambda: seating_index(scenario.plan, scenario.policy.max_tables))


def _check_time(period: Period, buffer: timedelta, place: int) -> None:
    try:
        period.with_buffer(buffer)
    except OverflowError as error:
        raise ScenarioError("too late for the calendar", "bookings", place, "end") from error


def _policy(found: "JsonObject") -> Policy:
    return Policy(
        buffer=found.made("buffer_minutes", minutes_of, default=BUFFER),
        max_slack=found.whole("max_slack", least=0, default=MAX_SLACK),
        max_tables=found.whole("max_tables", least=1, default=MAX_TABLES),
        freeze=found.made("freeze_minutes", minutes_of, default=FREEZE),
    )


def _plan(found: "JsonObject") -> FloorPlan:
    max_tables = found.whole("max_tables", least=1, default=MAX_TABLES)
    tables = list(found.each("tables", _table))
    adjacencies = list(found.each("adjacencies", _pair, default=()))
    combinations = list(found.each("combinations", _combination, default=()))
    for place, combination in enumerate(combinations):
        if len(combination.tables) > max_tables:
            message = f"{len(combination.tables)} tables are more than max_tables {max_tables}"
            raise ScenarioError(message, "combinations", place, "tables")
    return FloorPlan(tables=tables, adjacencies=adjacencies, combinations=combinations)


def _table(value: object, path: tuple[str | int, ...]) -> Table:
    found = JsonObject(value, path)
    table = Table(
        id=found.text("id"),
        zone=found.text("zone"),
        capacity=found.whole("capacity", least=1),
        min_party=found.whole("min_party", least=1, default=1),
        max_party=found.whole("max_party", least=1, default=None),
        movable=found.truth("movable", default=True),
        attributes=frozenset(found.each("attributes", text_of, default=())),
    )
    found.nothing_else()
    return table


def _pair(value: object, path: tuple[str | int, ...]) -> tuple[str, str]:
    items = list_of(value, path)
    if len(items) != 2:
        raise ScenarioError(f"an adjacency has 2 tables, not {len(items)}", *path)
    return text_of(items[0], (*path, 0)), text_of(items[1], (*path, 1))


def _combination(value: object, path: tuple[str | int, ...]) -> Combination:
    found = JsonObject(value, path)
    tables = list(found.each("tables", text_of))
    for place, table in enumerate(tables):
        if table in tables[:place]:
            raise ScenarioError(f"table {table!r} is listed twice", *path, "tables", place)
    combination = Combination(tables=frozenset(tables), capacity=found.whole("capacity", least=1))
    found.nothing_else()
    return combination


def _block(value: object, path: tuple[str | int, ...]) -> Block:
    found = JsonObject(value, path)
    block = Block(table=found.text("table"), period=_period(found))
    found.nothing_else()
    return block


def _arrival(value: object, path: tuple[str | int, ...]) -> Arrival:
    found = JsonObject(value, path)
    period = _period(found)
    request = Request(
        booking=found.text("id"),
        party_size=found.whole("party_size", least=1),
        period=period,
        zone=found.made("zone", text_or_null, default=None),
        requires=frozenset(found.each("requires", text_of, default=())),
    )
    arrival = Arrival(
        request=request,
        clock=found.made("received_at", instant_of, default=period.start),
        locked=found.truth("locked", default=False),
    )
    found.nothing_else()
    return arrival


def _period(found: "JsonObject") -> Period:
    start, end = found.made("start", instant_of), found.made("end", instant_of)
    if end <= start:
        raise ScenarioError(
            f"{end.isoformat()} is not after the start {start.isoformat()}", *found.path, "end"
        )
    return Period(start=start, end=end)


def _located(make: Callable[[], Made]) -> Made:
    """Turns the engine's own complaints into ScenarioErrors with the same path."""
    try:
        return make()
    except FactsError as error:
        raise ScenarioError(error.message, *error.path) from error

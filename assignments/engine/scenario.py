"""Reads a scenario of plan_day, strictly: what is unknown, missing or impossible is refused with its path."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from assignments.engine.facts import BUFFER, FREEZE, MAX_SLACK, MAX_TABLES, Block, Policy, Request
from assignments.engine.floor_plan import Combination, FloorPlan, Table
from assignments.engine.periods import Period
from assignments.engine.refusals import FactsError
from assignments.engine.seating import seating_index

Made = TypeVar("Made")
RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)?")
MISSING = object()


class ScenarioError(ValueError):
    """A scenario that cannot be planned; the message starts with the path of the offending value."""

    def __init__(self, message: str, *path: str | int) -> None:
        super().__init__(f"{_written(path)}: {message}")
        self.path = path


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
    try:
        content = json.loads(text, object_pairs_hook=_without_doubles, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        message = f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        raise ScenarioError(message) from error
    except RecursionError as error:
        raise ScenarioError("not a scenario: nested too deeply") from error
    return scenario_of(content)


def scenario_of(content: object) -> Scenario:
    """The scenario in decoded JSON; raises ScenarioError with path and reason."""
    found = _Object(content, ())
    scenario = Scenario(
        restaurant=found.text("restaurant", default=""),
        timezone=found.made("timezone", _timezone),
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


def _policy(found: "_Object") -> Policy:
    return Policy(
        buffer=found.made("buffer_minutes", _minutes, default=BUFFER),
        max_slack=found.whole("max_slack", least=0, default=MAX_SLACK),
        max_tables=found.whole("max_tables", least=1, default=MAX_TABLES),
        freeze=found.made("freeze_minutes", _minutes, default=FREEZE),
    )


def _plan(found: "_Object") -> FloorPlan:
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
    found = _Object(value, path)
    table = Table(
        id=found.text("id"),
        zone=found.text("zone"),
        capacity=found.whole("capacity", least=1),
        min_party=found.whole("min_party", least=1, default=1),
        max_party=found.whole("max_party", least=1, default=None),
        movable=found.truth("movable", default=True),
        attributes=frozenset(found.each("attributes", _text, default=())),
    )
    found.nothing_else()
    return table


def _pair(value: object, path: tuple[str | int, ...]) -> tuple[str, str]:
    items = _list(value, path)
    if len(items) != 2:
        raise ScenarioError(f"an adjacency has 2 tables, not {len(items)}", *path)
    return _text(items[0], (*path, 0)), _text(items[1], (*path, 1))


def _combination(value: object, path: tuple[str | int, ...]) -> Combination:
    found = _Object(value, path)
    tables = list(found.each("tables", _text))
    for place, table in enumerate(tables):
        if table in tables[:place]:
            raise ScenarioError(f"table {table!r} is listed twice", *path, "tables", place)
    combination = Combination(tables=frozenset(tables), capacity=found.whole("capacity", least=1))
    found.nothing_else()
    return combination


def _block(value: object, path: tuple[str | int, ...]) -> Block:
    found = _Object(value, path)
    block = Block(table=found.text("table"), period=_period(found))
    found.nothing_else()
    return block


def _arrival(value: object, path: tuple[str | int, ...]) -> Arrival:
    found = _Object(value, path)
    period = _period(found)
    request = Request(
        booking=found.text("id"),
        party_size=found.whole("party_size", least=1),
        period=period,
        zone=found.made("zone", _text_or_null, default=None),
        requires=frozenset(found.each("requires", _text, default=())),
    )
    arrival = Arrival(
        request=request,
        clock=found.made("received_at", _instant, default=period.start),
        locked=found.truth("locked", default=False),
    )
    found.nothing_else()
    return arrival


def _period(found: "_Object") -> Period:
    start, end = found.made("start", _instant), found.made("end", _instant)
    if end <= start:
        raise ScenarioError(
            f"{end.isoformat()} is not after the start {start.isoformat()}", *found.path, "end"
        )
    return Period(start=start, end=end)


class _Object:
    """A JSON object being read key by key; keys nobody asked for are refused at the end."""

    def __init__(self, value: object, path: tuple[str | int, ...]) -> None:
        if not isinstance(value, dict):
            raise ScenarioError(f"expected an object, not {_kind(value)}", *path)
        self.content: Mapping[str, Any] = value
        self.path = path
        self.asked: set[str] = set()

    def made(
        self, key: str, make: Callable[[object, tuple[str | int, ...]], Made], default: Any = MISSING
    ) -> Made:
        self.asked.add(key)
        if key in self.content:
            return make(self.content[key], (*self.path, key))
        if default is MISSING:
            raise ScenarioError("missing", *self.path, key)
        found: Made = default
        return found

    def text(self, key: str, default: Any = MISSING) -> str:
        return self.made(key, _text, default)

    def truth(self, key: str, default: Any = MISSING) -> bool:
        return self.made(key, _truth, default)

    def whole(self, key: str, least: int, default: Any = MISSING) -> Any:
        return self.made(key, lambda value, path: _whole(value, path, least), default)

    def each(
        self, key: str, make: Callable[[object, tuple[str | int, ...]], Made], default: Any = MISSING
    ) -> list[Made]:
        items = self.made(key, _list, default)
        return [make(item, (*self.path, key, place)) for place, item in enumerate(items)]

    def nothing_else(self) -> None:
        unknown = sorted(set(self.content) - self.asked)
        if unknown:
            raise ScenarioError(
                f"unknown key; known are {', '.join(sorted(self.asked))}", *self.path, unknown[0]
            )


def _text(value: object, path: tuple[str | int, ...]) -> str:
    if not isinstance(value, str) or not value:
        raise ScenarioError(f"expected a non-empty string, not {_kind(value)}", *path)
    return value


def _text_or_null(value: object, path: tuple[str | int, ...]) -> str | None:
    return None if value is None else _text(value, path)


def _truth(value: object, path: tuple[str | int, ...]) -> bool:
    if not isinstance(value, bool):
        raise ScenarioError(f"expected true or false, not {_kind(value)}", *path)
    return value


def _whole(value: object, path: tuple[str | int, ...], least: int) -> int:
    # JSON Schema counts 4.0 as an integer, and true not.
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        raise ScenarioError(f"expected a whole number, not {_kind(value)}", *path)
    if value < least:
        raise ScenarioError(f"{value} is below {least}", *path)
    return int(value)


def _minutes(value: object, path: tuple[str | int, ...]) -> timedelta:
    try:
        return timedelta(minutes=_whole(value, path, 0))
    except OverflowError as error:
        raise ScenarioError(f"{value} minutes are more than a calendar holds", *path) from error


def _list(value: object, path: tuple[str | int, ...]) -> list[object]:
    if not isinstance(value, list):
        raise ScenarioError(f"expected a list, not {_kind(value)}", *path)
    return value


def _instant(value: object, path: tuple[str | int, ...]) -> datetime:
    text = _text(value, path)
    if not RFC3339.fullmatch(text):
        raise ScenarioError(f"{text!r} is no date-time such as 2026-11-21T19:00:00+00:00", *path)
    try:
        found = datetime.fromisoformat(text.upper())
        if found.tzinfo is None:
            raise ScenarioError(f"{text!r} has no offset; add one, such as +00:00 or Z", *path)
        return found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        if isinstance(error, ScenarioError):
            raise
        raise ScenarioError(f"{text!r} is not in the calendar: {error}", *path) from error


def _timezone(value: object, path: tuple[str | int, ...]) -> str:
    name = _text(value, path)
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ScenarioError(f"unknown timezone {name!r}; use a name such as Europe/London", *path) from error
    return name


def _located(make: Callable[[], Made]) -> Made:
    """Turns the engine's own complaints into ScenarioErrors with the same path."""
    try:
        return make()
    except FactsError as error:
        raise ScenarioError(error.message, *error.path) from error


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ScenarioError("the key appears twice in one object", key)
        found[key] = value
    return found


def _no_constant(name: str) -> float:
    raise ScenarioError(f"{name} is not JSON")


def _kind(value: object) -> str:
    if value is None:
        return "null"
    return repr(value) if isinstance(value, str | int | float) else f"a {type(value).__name__}"


def _written(path: tuple[str | int, ...]) -> str:
    """`$.tables[3].capacity`."""
    return "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)

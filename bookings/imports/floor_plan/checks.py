"""What only shows when the parts of a plan are seen together: rules of the database and of seating."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import time
from itertools import combinations

from bookings.demand.layout import connected
from bookings.imports.floor_plan.plan import Combination, Plan, ServicePeriod, Table
from bookings.imports.floor_plan.reading import Problem

PACING_INTERVALS = (5, 10, 15, 20, 30, 60)


def check(plan: Plan) -> list[Problem]:
    """All that is wrong with a plan, each with its path."""
    return [
        *_doubles("zones", (zone.name for zone in plan.zones)),
        *_doubles("tables", (table.number for table in plan.tables)),
        *_doubles("adjacencies", plan.adjacencies),
        *_doubles("combinations", (named.name for named in plan.combinations)),
        *_doubles("combinations", (named.tables for named in plan.combinations)),
        *_doubles("closures", plan.closures),
        *_doubles("blocks", plan.blocks),
        *_tables(plan),
        *_adjacencies(plan),
        *_combinations(plan),
        *_service_periods(plan.service_periods),
        *_turn_times(plan),
        *_times(plan),
    ]


def _problem(reason: str, *path: str | int) -> Problem:
    return Problem(path=path, reason=reason)


def _doubles(section: str, keys: Iterable[Hashable]) -> Iterator[Problem]:
    seen: dict[Hashable, int] = {}
    for place, key in enumerate(keys):
        if key in seen:
            named = " + ".join(key) if isinstance(key, tuple) else key
            yield _problem(f"{named} is there twice, first at {section}[{seen[key]}]", section, place)
        seen.setdefault(key, place)


def _tables(plan: Plan) -> Iterator[Problem]:
    zones = {zone.name for zone in plan.zones}
    for place, table in enumerate(plan.tables):
        if table.zone not in zones:
            yield _problem(f"there is no zone {table.zone!r}", "tables", place, "zone")
        if table.max_party > table.capacity:
            reason = f"{table.max_party} guests are more than the {table.capacity} seats"
            yield _problem(reason, "tables", place, "max_party")
        if table.min_party > table.max_party:
            reason = f"{table.min_party} is more than max_party {table.max_party}"
            yield _problem(reason, "tables", place, "min_party")


def _adjacencies(plan: Plan) -> Iterator[Problem]:
    numbers = {table.number for table in plan.tables}
    for place, pair in enumerate(plan.adjacencies):
        if pair.first == pair.second:
            yield _problem(f"{pair.first} cannot stand next to itself", "adjacencies", place)
        for number in sorted({pair.first, pair.second} - numbers):
            yield _problem(f"there is no table {number!r}", "adjacencies", place)


def _combinations(plan: Plan) -> Iterator[Problem]:
    tables = {table.number: table for table in plan.tables}
    for place, named in enumerate(plan.combinations):
        unknown = [number for number in named.tables if number not in tables]
        for number in unknown:
            yield _problem(f"there is no table {number!r}", "combinations", place, "tables")
        reason = None if unknown else _against_joining(plan, named, [tables[n] for n in named.tables])
        if reason:
            yield _problem(reason, "combinations", place, "tables")


def _against_joining(plan: Plan, named: Combination, members: Sequence[Table]) -> str | None:
    """Why the tables of a combination cannot be joined; None if they can."""
    most = plan.rules.max_tables
    if not 2 <= len(set(named.tables)) <= most or len(set(named.tables)) < len(named.tables):
        return f"{len(named.tables)} tables; 2 to {most} different ones can be joined"
    fixed = [table.number for table in members if not table.movable]
    if fixed:
        return f"{', '.join(fixed)} cannot be moved, so not joined"
    if len({table.zone for table in members}) > 1:
        return "the tables stand in different zones"
    if not connected(named.tables, [(pair.first, pair.second) for pair in plan.adjacencies]):
        return "the tables are not all connected by adjacencies"
    return None


def _service_periods(periods: Sequence[ServicePeriod]) -> Iterator[Problem]:
    """Named by day and hours: one entry of the document may stand for several days."""
    for period in periods:
        last = period.last_seating
        if last and not 0 <= _after(period.opens, last) < _length(period):
            reason = f"{period}: the last seating {last:%H:%M} is not within it"
            yield _problem(reason, "service_periods")
    for one, other in combinations(periods, 2):
        if one.weekday == other.weekday and _overlap(_span(one), _span(other)):
            yield _problem(f"{other} overlaps {one}", "service_periods")


def _span(period: ServicePeriod) -> tuple[int, int]:
    """Minutes from the opening day's midnight."""
    opens = _minute(period.opens)
    return opens, opens + _length(period)


def _length(period: ServicePeriod) -> int:
    """Minutes it lasts: closing when it opens is a day later."""
    return _after(period.opens, period.closes) or 1440


def _after(opens: time, at: time) -> int:
    return (_minute(at) - _minute(opens)) % 1440


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _turn_times(plan: Plan) -> Iterator[Problem]:
    for place, turn in enumerate(plan.turn_times):
        if turn.min_party > turn.max_party:
            reason = f"{turn.min_party} is more than max_party {turn.max_party}"
            yield _problem(reason, "turn_times", place, "min_party")
    for (_, one), (place, other) in combinations(enumerate(plan.turn_times), 2):
        bands = (one.min_party, one.max_party + 1), (other.min_party, other.max_party + 1)
        if one.service == other.service and _overlap(*bands):
            yield _problem(f"{other} overlaps {one}", "turn_times", place)


def _times(plan: Plan) -> Iterator[Problem]:
    numbers = {table.number for table in plan.tables}
    for place, closure in enumerate(plan.closures):
        if closure.starts_on > closure.ends_on:
            yield _problem(f"{closure.ends_on} is before {closure.starts_on}", "closures", place, "to")
    for place, block in enumerate(plan.blocks):
        if block.table not in numbers:
            yield _problem(f"there is no table {block.table!r}", "blocks", place, "table")
        if block.start >= block.end:
            yield _problem("the end is not after the start", "blocks", place, "end")
    if plan.pacing and plan.pacing.interval_minutes not in PACING_INTERVALS:
        allowed = ", ".join(map(str, PACING_INTERVALS))
        reason = f"{plan.pacing.interval_minutes} minutes do not divide an hour evenly; choose of {allowed}"
        yield _problem(reason, "pacing", "interval_minutes")

"""What separates two plans of a restaurant."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from bookings.imports.floor_plan.plan import (
    Adjacency,
    Block,
    Closure,
    Combination,
    Plan,
    Rules,
    ServicePeriod,
    Table,
    TurnTime,
    Zone,
)

Part = TypeVar("Part")


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes(Generic[Part]):
    """Of one section: what comes, what goes, and what stays with other values (before, after)."""

    added: tuple[Part, ...] = ()
    removed: tuple[Part, ...] = ()
    changed: tuple[tuple[Part, Part], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """What has to be done so that the restaurant is as `after`."""

    after: Plan
    rules: tuple[tuple[Rules, Rules], ...]
    zones: Changes[Zone]
    tables: Changes[Table]
    adjacencies: Changes[Adjacency]
    combinations: Changes[Combination]
    service_periods: Changes[ServicePeriod]
    turn_times: Changes[TurnTime]
    closures: Changes[Closure]
    blocks: Changes[Block]
    pacing: bool

    def __bool__(self) -> bool:
        return any(getattr(self, part.name) for part in fields(self) if part.name != "after")


def difference(before: Plan, after: Plan, *, now: datetime) -> Difference:
    """What `after` changes. What is over stays: closures and blocks of the past, tables out of use."""
    today = now.astimezone(before.tzinfo).date()
    tables = _changes(before.tables, after.tables, lambda table: table.number, lambda table: table.active)
    return Difference(
        after=after,
        rules=((before.rules, after.rules),) if before.rules != after.rules else (),
        zones=_changes(before.zones, after.zones, lambda zone: zone.name),
        tables=tables,
        adjacencies=_changes(before.adjacencies, after.adjacencies),
        combinations=_changes(before.combinations, after.combinations, lambda named: named.name),
        service_periods=_changes(before.service_periods, after.service_periods),
        turn_times=_changes(before.turn_times, after.turn_times),
        closures=_changes(
            before.closures, after.closures, removable=lambda closure: closure.ends_on >= today
        ),
        blocks=_changes(before.blocks, after.blocks, removable=lambda block: block.end > now),
        pacing=before.pacing != after.pacing,
    )


def _changes(
    before: Sequence[Part],
    after: Sequence[Part],
    key: Callable[[Part], Hashable] = lambda part: part,
    removable: Callable[[Part], bool] = lambda _: True,
) -> Changes[Part]:
    """Parts of the same key are one part that changes; without a key of its own a part is what it says."""
    had = {key(part): part for part in before}
    wanted = {key(part): part for part in after}
    return Changes(
        added=tuple(part for name, part in wanted.items() if name not in had),
        removed=tuple(part for name, part in had.items() if name not in wanted and removable(part)),
        changed=tuple(
            (had[name], part) for name, part in wanted.items() if name in had and had[name] != part
        ),
    )


def in_words(found: Difference) -> list[str]:
    """The difference for people: `+` comes, `-` goes, `~` changes."""
    lines = [f"~ restaurant: {_values(*pair)}" for pair in found.rules]
    for part in fields(found):
        changes = getattr(found, part.name)
        if isinstance(changes, Changes):
            lines += [f"+ {added}" for added in changes.added]
            lines += [f"- {removed}" for removed in changes.removed]
            lines += [f"~ {before}: {_values(before, after)}" for before, after in changes.changed]
    if found.pacing:
        lines.append(f"~ pacing: {found.after.pacing or 'none'}")
    return lines


def _values(before: Any, after: Any) -> str:
    names = [part.name for part in fields(before)]
    pairs = [(name, getattr(before, name), getattr(after, name)) for name in names]
    return ", ".join(f"{name} {_shown(had)} → {_shown(has)}" for name, had, has in pairs if had != has)


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return " + ".join(value) or "none"
    return str(value.astimezone(UTC)) if isinstance(value, datetime) else str(value)

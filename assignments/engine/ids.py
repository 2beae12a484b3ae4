"""Ids of tables and bookings: ints or strings, of one kind within a floor plan, as ties go by sorted ids."""

from collections.abc import Iterable
from typing import Any

Id = int | str


def by_id(value: Id) -> Any:
    """Sort key for ids; mixed kinds raise TypeError, which FloorPlan reports."""
    return value


def in_order(ids: Iterable[Id]) -> tuple[Id, ...]:
    """The ids, sorted: the order in which ties are broken and rows are locked."""
    return tuple(sorted(ids, key=by_id))

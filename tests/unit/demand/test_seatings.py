from dataclasses import replace
from typing import Any

import pytest

from assignments.engine.seating import seating_index
from bookings.demand.floor_plans import BISTRO, TEMPLATES
from bookings.demand.layout import Layout
from bookings.demand.published import PARTY_SIZES
from bookings.demand.seatings import seatings_by_party, seatings_of

from .engine_days import engine_plan


@pytest.mark.parametrize("layout", TEMPLATES, ids=lambda layout: layout.slug)
def test_seatings_are_those_the_engine_finds(layout: Layout) -> None:
    index = seating_index(engine_plan(layout), layout.max_tables)
    ours = seatings_by_party(layout)
    for size in PARTY_SIZES:
        engines = {
            (frozenset(found.tables), found.capacity, found.zone, found.attributes)
            for found in index.for_party(size, layout.max_slack)
        }
        assert engines == {
            (frozenset(seating.tables), seating.capacity, seating.zone, frozenset(seating.attributes))
            for seating in ours.get(size, ())
        }


def test_least_slack_stands_first() -> None:
    assert [seating.capacity for seating in seatings_by_party(BISTRO)[3]][:2] == [4, 4]
    assert seatings_by_party(BISTRO)[6][0].tables == ("16",)


def test_a_named_combination_has_its_own_capacity() -> None:
    assert ("11", "12", "13") in {seating.tables for seating in seatings_by_party(BISTRO)[14]}


def test_neighbours_across_zones_or_with_a_fixed_table_are_not_joined() -> None:
    moved: dict[str, dict[str, Any]] = {"2": {"zone": "Bar"}, "3": {"movable": False}}
    tables = tuple(replace(table, **moved.get(table.number, {})) for table in BISTRO.tables)
    joined = [seating.tables for seating in seatings_of(replace(BISTRO, tables=tables))]
    assert ("7", "8") in joined
    assert not {("1", "2"), ("2", "3"), ("3", "4")} & set(joined)

from dataclasses import replace
from datetime import time
from typing import Any

import pytest

from bookings.demand.floor_plans import BISTRO
from bookings.demand.layout import Combination, LayoutError, Service, Table, TurnTime, connected


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"zones": BISTRO.zones[1:]}, "zone 'Dining room' is none of"),
        ({"zones": (*BISTRO.zones, BISTRO.zones[0])}, "zone 'Dining room' is given twice"),
        ({"tables": (*BISTRO.tables, BISTRO.tables[0])}, "table '1' is given twice"),
        ({"adjacencies": (("1", "1"),), "combinations": ()}, "adjacent to itself"),
        ({"adjacencies": (("1", "99"),), "combinations": ()}, "no table '99'"),
        ({"adjacencies": (("1", "2"), ("2", "1")), "combinations": ()}, "adjacency '1-2' is given twice"),
        ({"combinations": (Combination(name="Far", tables=("1", "3"), capacity=4),)}, "connected"),
        ({"combinations": (Combination(name="Solo", tables=("1",), capacity=4),)}, "joins 1 tables"),
        ({"combinations": (Combination(name="Row", tables=("1", "2", "3", "4"), capacity=8),)}, "joins 4"),
        ({"combinations": (Combination(name="Fixed", tables=("1", "16"), capacity=8),)}, "only movable"),
        ({"combinations": (*BISTRO.combinations, BISTRO.combinations[0])}, "'Banquette' is given twice"),
        ({"turn_times": BISTRO.turn_times[1:]}, "must start at a party of 1"),
        ({"turn_times": (BISTRO.turn_times[0], *BISTRO.turn_times[2:])}, "the band after 2 starts at 5"),
    ],
)
def test_a_floor_plan_that_contradicts_itself_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(LayoutError, match=message):
        replace(BISTRO, **change)


def test_a_combination_stays_in_one_zone() -> None:
    tables = tuple(replace(table, zone="Bar") if table.number == "2" else table for table in BISTRO.tables)
    joined = (Combination(name="Across", tables=("1", "2"), capacity=4),)
    with pytest.raises(LayoutError, match="one zone"):
        replace(BISTRO, tables=tables, combinations=joined)


@pytest.mark.parametrize(("fewest", "most", "seats"), [(0, 2, 2), (3, 2, 4), (2, 5, 4)])
def test_a_table_takes_from_one_guest_up_to_its_seats(fewest: int, most: int, seats: int) -> None:
    with pytest.raises(LayoutError, match="table 7"):
        Table(number="7", zone="Bar", capacity=seats, min_party=fewest, max_party=most, movable=True)


@pytest.mark.parametrize(("last_seating", "end"), [(time(16), time(1)), (time(23), time(22))])
def test_last_seating_lies_within_the_service(last_seating: time, end: time) -> None:
    with pytest.raises(LayoutError, match="last seating"):
        Service(name="Dinner", weekday=0, start=time(17), last_seating=last_seating, end=end)


def test_a_service_that_ends_at_its_start_lasts_into_the_next_day() -> None:
    assert Service(name="Night", weekday=0, start=time(20), last_seating=time(23), end=time(20)).ends_next_day


@pytest.mark.parametrize(("party_size", "minutes"), [(1, 75), (2, 75), (3, 90), (6, 105), (8, 120), (9, 150)])
def test_turn_time_follows_the_band_of_the_party(party_size: int, minutes: int) -> None:
    assert BISTRO.turn_minutes(service="Dinner", party_size=party_size) == minutes


def test_a_party_above_the_last_band_stays_as_long_as_that_band() -> None:
    short = replace(
        BISTRO,
        turn_times=tuple(
            TurnTime(service=service, min_party=1, max_party=4, minutes=50) for service in ("Lunch", "Dinner")
        ),
    )
    assert short.turn_minutes(service="Lunch", party_size=20) == 50


def test_tables_are_connected_only_through_each_other() -> None:
    row = (("a", "b"), ("b", "c"))
    assert connected(("a", "b", "c"), row)
    assert not connected(("a", "c"), row)

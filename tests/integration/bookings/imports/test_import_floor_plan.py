"""``manage.py import_floor_plan``: a file becomes a restaurant; the same file again changes nothing."""

import copy
import io
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from assignments.coordinator import process_booking
from bookings.allocations import release
from bookings.models import Booking, Restaurant, Table, TableBlock, Zone
from tests.factories import receive
from tests.integration.admin.booking_rows import hold
from tests.integration.bookings.evening import tables

pytestmark = pytest.mark.django_db

PLAN: dict[str, Any] = {
    "restaurant": "bistro",
    "name": "Bistro Nord",
    "timezone": "Europe/Athens",
    "buffer_minutes": 10,
    "zones": [{"name": "Hall"}, {"name": "Terrace", "kind": "outdoor"}],
    "tables": [
        {"id": "T1", "zone": "Hall", "capacity": 2},
        {"id": "T2", "zone": "Hall", "capacity": 2, "attributes": ["window", "quiet"]},
        {"id": "T3", "zone": "Hall", "capacity": 6, "min_party": 3, "max_party": 5},
        {"id": "T4", "zone": "Terrace", "capacity": 4, "movable": False},
    ],
    "adjacencies": [["T2", "T1"], ["T2", "T3"]],
    "combinations": [{"name": "Long", "tables": ["T1", "T2"], "capacity": 5}],
    "service_periods": [
        {"name": "Dinner", "opens": "17:00", "closes": "00:30", "last_seating": "22:00"},
        {"name": "Brunch", "weekdays": ["saturday", "sunday"], "opens": "10:00", "closes": "14:00"},
    ],
    "turn_times": [
        {"min_party": 1, "max_party": 4, "minutes": 90},
        {"service": "Brunch", "max_party": 6, "minutes": 60},
    ],
    "closures": [{"from": "2030-12-24", "to": "2030-12-26", "reason": "Christmas"}],
    "blocks": [{"table": "T4", "start": "2030-01-05T17:00", "end": "2030-01-06T00:00Z", "reason": "broken"}],
    "pacing": {"interval_minutes": 30, "max_covers": 20},
}

CSV = """record;restaurant;name;timezone;buffer_minutes;id;zone;kind;capacity;min_party;max_party;movable;\
attributes;tables;weekdays;opens;closes;last_seating;service;minutes;from;to;reason;table;start;end;interval_minutes;max_covers
restaurant;bistro;Bistro Nord;Europe/Athens;10
zone;;Hall
zone;;Terrace;;;;;outdoor
table;;;;;T1;Hall;;2
table;;;;;T2;Hall;;2;;;;window,quiet
table;;;;;T3;Hall;;6;3;5
table;;;;;T4;Terrace;;4;;;no
adjacency;;;;;;;;;;;;;T2|T1
adjacency;;;;;;;;;;;;;T2|T3
combination;;Long;;;;;;5;;;;;T1|T2
service_period;;Dinner;;;;;;;;;;;;;17:00;00:30;22:00
service_period;;Brunch;;;;;;;;;;;;saturday,sunday;10:00;14:00
turn_time;;;;;;;;;1;4;;;;;;;;;90
turn_time;;;;;;;;;;6;;;;;;;;Brunch;60
closure;;;;;;;;;;;;;;;;;;;;2030-12-24;2030-12-26;Christmas
block;;;;;;;;;;;;;;;;;;;;;;broken;T4;2030-01-05T17:00;2030-01-06T00:00Z
pacing;;;;;;;;;;;;;;;;;;;;;;;;;;30;20
"""


def padded(text: str) -> str:
    """Each line with as many cells as the header."""
    header, *lines = text.splitlines()
    return "\n".join([header, *(line + ";" * (header.count(";") - line.count(";")) for line in lines)])


@pytest.fixture
def imported(tmp_path: Path) -> Callable[..., str]:
    def run(content: Any, *, name: str = "plan.json", **options: Any) -> str:
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        out = io.StringIO()
        call_command("import_floor_plan", str(path), stdout=out, stderr=out, **options)
        return out.getvalue()

    return run


def changed(**sections: Any) -> dict[str, Any]:
    return {**copy.deepcopy(PLAN), **sections}


def restaurant() -> Restaurant:
    return Restaurant.objects.get(slug="bistro")


def test_a_file_becomes_a_restaurant(imported: Callable[..., str]) -> None:
    assert imported(PLAN).startswith("bistro: created\n")
    bistro = restaurant()
    assert (bistro.name, bistro.timezone, bistro.buffer_minutes, bistro.max_slack) == (
        "Bistro Nord", "Europe/Athens", 10, 4,
    )  # fmt: skip
    assert list(bistro.zones.values_list("name", "kind")) == [("Hall", "indoor"), ("Terrace", "outdoor")]
    assert list(bistro.tables.values_list("number", "capacity", "min_party", "max_party", "movable")) == [
        ("T1", 2, 1, 2, True), ("T2", 2, 1, 2, True), ("T3", 6, 3, 5, True), ("T4", 4, 1, 4, False),
    ]  # fmt: skip
    assert bistro.adjacencies.count() == 2
    assert {table.number for table in bistro.combinations.get().tables.all()} == {"T1", "T2"}
    assert bistro.service_periods.count() == 9
    assert bistro.turn_times.count() == 2
    assert bistro.closures.get().reason == "Christmas"
    # Without an offset the time is on the clock of Athens, two hours ahead in winter.
    assert bistro.blocks.get().start_at.isoformat() == "2030-01-05T15:00:00+00:00"
    assert bistro.pacing.max_covers == 20


def test_the_same_file_again_changes_nothing(imported: Callable[..., str]) -> None:
    imported(PLAN)
    version = restaurant().floor_plan_version
    assert imported(PLAN) == "bistro: no change\n"
    assert restaurant().floor_plan_version == version


def test_csv_says_the_same_as_json(imported: Callable[..., str]) -> None:
    imported(PLAN)
    assert imported(padded(CSV), name="plan.csv") == "bistro: no change\n"


def test_what_the_file_leaves_out_stays(imported: Callable[..., str]) -> None:
    imported(PLAN)
    assert imported({"restaurant": "bistro"}) == "bistro: no change\n"


def test_a_changed_file_shows_and_makes_the_difference(imported: Callable[..., str]) -> None:
    imported(PLAN)
    tables = [
        {**PLAN["tables"][0], "capacity": 3},
        *PLAN["tables"][1:3],
        {"id": "T5", "zone": "Bar", "capacity": 1},
    ]
    zones = [{"name": "Hall"}, {"name": "Bar", "kind": "bar"}]
    told = imported(
        changed(
            buffer_minutes=5, tables=tables, zones=zones, blocks=[], pacing=None, adjacencies=[["T1", "T2"]]
        )
    )
    assert told.splitlines() == [
        "bistro: changed",
        "  ~ restaurant: buffer_minutes 10 → 5",
        "  + zone Bar",
        "  - zone Terrace",
        "  + table T5",
        "  - table T4",
        "  ~ table T1: capacity 2 → 3, max_party 2 → 3",
        "  - T2 next to T3",
        "  - table T4 blocked from 2030-01-05 15:00 to 2030-01-06 00:00 UTC",
        "  ~ pacing: none",
    ]
    assert set(restaurant().tables.values_list("number", flat=True)) == {"T1", "T2", "T3", "T5"}
    assert not TableBlock.objects.exists()
    assert imported(changed(tables=tables, zones=zones, blocks=[], pacing=None, buffer_minutes=5,
                            adjacencies=[["T1", "T2"]])) == "bistro: no change\n"  # fmt: skip


def test_a_dry_run_shows_the_difference_and_makes_none(imported: Callable[..., str]) -> None:
    assert imported(PLAN, dry_run=True).startswith("bistro: would be created")
    assert not Restaurant.objects.exists()
    imported(PLAN)
    assert "~ restaurant: name Bistro Nord → New" in imported(changed(name="New"), dry_run=True)
    assert restaurant().name == "Bistro Nord"


def booked(bistro: Restaurant) -> Booking:
    start = (timezone.now() + timedelta(days=3)).replace(hour=17, minute=0, second=0, microsecond=0)
    booking = receive(bistro, start=start, now=timezone.now())
    hold(booking, bistro.tables.get(number="T3"))
    return booking


@pytest.mark.parametrize("way", ["left out", "out of use"])
def test_a_table_that_coming_bookings_hold_does_not_go(way: str, imported: Callable[..., str]) -> None:
    imported(PLAN)
    booked(restaurant())
    tables = copy.deepcopy(PLAN["tables"])
    if way == "left out":
        del tables[2]
    else:
        tables[2]["active"] = False
    with pytest.raises(CommandError, match="table T3 cannot go: 1 coming bookings hold it") as refused:
        imported(changed(tables=tables, adjacencies=[["T1", "T2"]], name="Renamed"))
    assert refused.value.returncode == 2
    assert (restaurant().name, restaurant().tables.get(number="T3").active) == ("Bistro Nord", True)


def test_a_table_of_past_bookings_is_put_out_of_use(imported: Callable[..., str]) -> None:
    imported(PLAN)
    release(booking=booked(restaurant()))
    smaller = changed(
        tables=[table for table in PLAN["tables"] if table["id"] != "T3"], adjacencies=[["T1", "T2"]]
    )
    assert "- table T3" in imported(smaller)
    assert not restaurant().tables.get(number="T3").active
    assert imported(smaller) == "bistro: no change\n"
    assert "~ table T3: active False → True" in imported(PLAN)


def test_a_zone_that_a_booking_asks_for_does_not_go(imported: Callable[..., str]) -> None:
    imported(PLAN)
    booking = booked(restaurant())
    Booking.objects.filter(pk=booking.pk).update(zone=Zone.objects.get(name="Terrace"))
    hall = [table for table in PLAN["tables"] if table["zone"] == "Hall"]
    with pytest.raises(CommandError, match="zone 'Terrace' cannot go"):
        imported(changed(zones=[{"name": "Hall"}], tables=hall, blocks=[]))
    assert restaurant().tables.count() == 4


def table_of(booking: Booking) -> Table:
    (held,) = tables(booking)
    return Table.objects.get(pk=held)


@pytest.fixture
def seated(imported: Callable[..., str]) -> Booking:
    """A coming booking of two at a table of the plan."""
    imported(PLAN)
    start = (timezone.now() + timedelta(days=3)).replace(hour=17, minute=0, second=0, microsecond=0)
    booking = receive(restaurant(), start=start, now=timezone.now())
    process_booking(booking_id=booking.pk, trigger="test")
    return booking


def test_a_block_over_seated_guests_gives_them_another_table(
    seated: Booking, imported: Callable[..., str]
) -> None:
    held = table_of(seated).number
    block = {"table": held, "start": seated.start_at.isoformat(), "end": seated.end_at.isoformat()}
    would = imported(changed(blocks=[block]), dry_run=True)
    assert table_of(seated).number == held
    did = imported(changed(blocks=[block]))
    assert f"Moved to other tables: {seated.reference}." in would
    assert f"Moved to other tables: {seated.reference}." in did
    assert table_of(seated).number != held


def test_a_table_that_becomes_too_small_gives_its_guests_another(
    seated: Booking, imported: Callable[..., str]
) -> None:
    held = table_of(seated).number
    smaller = [
        {**table, "capacity": 1, "min_party": 1, "max_party": 1} if table["id"] == held else table
        for table in PLAN["tables"]
    ]
    assert f"Moved to other tables: {seated.reference}." in imported(changed(tables=smaller, combinations=[]))
    assert table_of(seated).number != held


def test_a_plan_with_no_table_left_for_a_booking_has_it_planned_again(
    seated: Booking, imported: Callable[..., str]
) -> None:
    small = [{**table, "capacity": 1, "min_party": 1, "max_party": 1} for table in PLAN["tables"]]
    assert f"being planned again: {seated.reference}." in imported(
        changed(tables=small, combinations=[], adjacencies=[])
    )
    seated.refresh_from_db()
    assert (seated.assignment_state, tables(seated)) == ("assignment_pending", [])


PROBLEMS: list[tuple[dict[str, Any], str]] = [
    ({"timezone": "Europe/Atlantis"}, "$.timezone: 'Europe/Atlantis' is no time zone"),
    ({"buffer_minutes": -1}, "$.buffer_minutes: -1 is not within 0 to 240"),
    ({"max_slack": "4"}, "$.max_slack: expected a whole number, not '4'"),
    ({"max_tables": True}, "$.max_tables: expected a whole number, not true"),
    ({"terraces": []}, "$.terraces: unknown key"),
    ({"bookings": []}, "$.bookings: a floor plan has no bookings"),
    ({"restaurant": "no slug"}, "$.restaurant: 'no slug' is no slug"),
    ({"zones": [{"name": "Hall", "kind": "cave"}]}, "$.zones[0].kind: 'cave' is not known"),
    ({"tables": [{"id": "T1", "capacity": 2}]}, "$.tables[0].zone: missing"),
    ({"tables": [3]}, "$.tables[0]: expected an object, not 3"),
    ({"tables": {}}, "$.tables: expected a list, not a dict"),
    ({"tables": [{"id": "", "zone": "Hall", "capacity": 2}]}, "$.tables[0].id: is empty"),
    ({"tables": [{"id": "T\x00", "zone": "Hall", "capacity": 2}]}, "$.tables[0].id: has a character"),
    (
        {"tables": [{"id": "T" * 21, "zone": "Hall", "capacity": 2}]},
        "$.tables[0].id: 21 characters are too many",
    ),
    (
        {"tables": [{"id": "T1", "zone": "Hall", "capacity": 10**9}]},
        "$.tables[0].capacity: 1000000000 is not within",
    ),
    ({"adjacencies": [["T1"]]}, "$.adjacencies[0]: expected two tables"),
    ({"adjacencies": [["T1", "T1"]]}, "$.adjacencies[0]: T1 cannot stand next to itself"),
    ({"adjacencies": [["T1", "T9"]]}, "$.adjacencies[0]: there is no table 'T9'"),
    ({"adjacencies": [["T1", "T2"], ["T2", "T1"]]}, "$.adjacencies[1]: T1 next to T2 is there twice"),
    (
        {"combinations": [{"tables": ["T1", "T9"], "capacity": 4}]},
        "$.combinations[0].tables: there is no table 'T9'",
    ),
    ({"combinations": [{"tables": ["T1"], "capacity": 4}]}, "1 tables; 2 to 3 different ones can be joined"),
    ({"combinations": [{"tables": ["T1", "T4"], "capacity": 4}]}, "T4 cannot be moved"),
    ({"combinations": [{"tables": ["T1", "T3"], "capacity": 8}]}, "not all connected"),
    (
        {"service_periods": [{"name": "A", "opens": "9", "closes": "12:00"}]},
        "$.service_periods[0].opens: expected a time",
    ),
    (
        {"service_periods": [{"name": name, "opens": "12:00", "closes": "11:00"} for name in "AB"]},
        "overlaps Monday A 12:00 to 11:00",
    ),
    (
        {"service_periods": [{"name": "A", "opens": "12:00", "closes": "14:00", "last_seating": "15:00"}]},
        "the last seating 15:00 is not within it",
    ),
    (
        {"turn_times": [{"max_party": 4, "minutes": 10}]},
        "$.turn_times[0].minutes: 10 is not within 15 to 720",
    ),
    (
        {"turn_times": [{"max_party": 4, "minutes": 60}] * 2},
        "$.turn_times[1]: 60 min for parties of 1 to 4 overlaps",
    ),
    ({"closures": [{"from": "2030-02-02", "to": "2030-02-01"}]}, "$.closures[0].to: 2030-02-01 is before"),
    ({"closures": [{"from": "Christmas"}]}, "$.closures[0].from: expected a day such as"),
    (
        {"blocks": [{"table": "T9", "start": "2030-01-01T10:00", "end": "2030-01-01T11:00"}]},
        "$.blocks[0].table",
    ),
    (
        {"blocks": [{"table": "T1", "start": "2030-01-01T11:00", "end": "2030-01-01T11:00"}]},
        "end is not after",
    ),
    (
        {"blocks": [{"table": "T1", "start": "2030-03-31T03:30", "end": "2030-03-31T05:00"}]},
        "clocks go forward",
    ),
    (
        {"pacing": {"interval_minutes": 7, "max_covers": 1}},
        "$.pacing.interval_minutes: 7 minutes do not divide",
    ),
]


@pytest.mark.parametrize(("sections", "reason"), PROBLEMS, ids=[reason[:40] for _, reason in PROBLEMS])
def test_a_plan_that_cannot_be_is_refused_with_path_and_reason(
    sections: dict[str, Any], reason: str, imported: Callable[..., str]
) -> None:
    with pytest.raises(CommandError) as refused:
        imported(changed(**sections))
    assert refused.value.returncode == 2
    assert reason in str(refused.value)
    assert not Restaurant.objects.exists()


def test_all_problems_are_told_at_once(imported: Callable[..., str]) -> None:
    with pytest.raises(CommandError) as refused:
        imported(
            changed(timezone="Nowhere", max_slack=-1, tables=[{"id": "T1", "zone": "Hall", "capacity": 0}])
        )
    assert [line.split(":")[0] for line in str(refused.value).splitlines()[1:]] == [
        "$.timezone", "$.max_slack", "$.tables[0].capacity",
    ]  # fmt: skip


def test_a_problem_of_csv_names_its_line(imported: Callable[..., str]) -> None:
    with pytest.raises(CommandError, match="line 7: max_party: 7 guests are more than the 6 seats"):
        imported(padded(CSV.replace("T3;Hall;;6;3;5", "T3;Hall;;6;3;7")), name="plan.csv")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("plan.json", "", "not JSON"),
        ("plan.json", "[" * 100_000, "nested too deeply"),
        ("plan.json", '{"restaurant": NaN}', "NaN is not JSON"),
        ("plan.json", '{"restaurant": "a", "restaurant": "b"}', "'restaurant' is there twice"),
        ("plan.json", "3", "expected an object, not 3"),
        ("plan.csv", "", "the file is empty"),
        ("plan.csv", "a,b\n", "no column 'record'"),
        ("plan.csv", "record,name\nroof,x\n", "line 2: 'roof' is no record"),
        ("plan.csv", "record,name\nzone\n", "line 2: 1 cells, but the header has 2 columns"),
    ],
)
def test_a_file_that_is_no_plan_is_refused(
    name: str, content: str, reason: str, imported: Callable[..., str]
) -> None:
    with pytest.raises(CommandError, match=reason) as refused:
        imported(content, name=name)
    assert refused.value.returncode == 2

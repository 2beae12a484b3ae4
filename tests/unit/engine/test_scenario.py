"""Scenarios are read strictly; what is wrong is named by its path."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from assignments.engine.day import plan_day, result_of
from assignments.engine.scenario import read_scenario, scenario_of
from assignments.engine.scenario_json import ScenarioError
from tests.unit.engine.builders import at


def example() -> dict[str, Any]:
    """A scenario that says everything it can say."""
    return {
        "restaurant": "example",
        "timezone": "Europe/London",
        "buffer_minutes": 5,
        "max_slack": 4,
        "max_tables": 3,
        "freeze_minutes": 120,
        "tables": [
            {"id": "T1", "zone": "main", "capacity": 2, "min_party": 1, "max_party": 2, "movable": True},
            {"id": "T2", "zone": "main", "capacity": 2},
            {"id": "T3", "zone": "main", "capacity": 4},
            {"id": "T4", "zone": "terrace", "capacity": 4, "movable": False, "attributes": ["window"]},
        ],
        "adjacencies": [["T1", "T2"], ["T2", "T3"]],
        "combinations": [{"tables": ["T1", "T2"], "capacity": 4}],
        "blocks": [{"table": "T3", "start": "2026-11-21T17:00:00Z", "end": "2026-11-21T18:00:00Z"}],
        "bookings": [
            booking("B1", received_at="2026-11-19T10:00:00+00:00"),
            booking("B2", party_size=6, locked=True, zone=None),
            booking("B3", zone="terrace", requires=["window"]),
        ],
    }


def booking(name: str, **given: Any) -> dict[str, Any]:
    return {
        "id": name,
        "start": "2026-11-21T19:00:00+00:00",
        "end": "2026-11-21T20:30:00+00:00",
        "party_size": 2,
        **given,
    }


def changed(*path: str | int, to: object) -> dict[str, Any]:
    """The example with the value at the path replaced."""
    content = example()
    *way, last = path
    inner: Any = content
    for step in way:
        inner = inner[step]
    inner[last] = to
    return content


def test_absent_keys_take_the_products_defaults() -> None:
    content = {key: example()[key] for key in ("timezone", "tables", "bookings")}
    policy = scenario_of(content).policy
    assert (policy.max_slack, policy.max_tables) == (4, 3)
    assert (policy.buffer, policy.freeze) == (timedelta(minutes=5), timedelta(minutes=120))


def test_without_received_at_the_clock_is_the_bookings_own_start() -> None:
    assert scenario_of(example()).arrivals[1].clock == at(0)


@pytest.mark.parametrize(
    ("path", "to", "shown"),
    [
        (("colour",), "red", "$.colour: unknown key"),
        (("tables", 0, "colour"), "red", "$.tables[0].colour: unknown key"),
        (("timezone",), "Mars/Olympus", "$.timezone: unknown timezone"),
        (("timezone",), "", "$.timezone: expected a non-empty string"),
        (("buffer_minutes",), -1, "$.buffer_minutes: -1 is below 0"),
        (("buffer_minutes",), 10**15, "$.buffer_minutes: 1000000000000000 minutes"),
        (("buffer_minutes",), 10**10, "$.bookings[0].end: too late for the calendar"),
        (("max_slack",), 1.5, "$.max_slack: expected a whole number"),
        (("max_slack",), True, "$.max_slack: expected a whole number"),
        (("max_tables",), 0, "$.max_tables: 0 is below 1"),
        (("tables",), [], "$.tables: a floor plan needs at least one table"),
        (("tables",), None, "$.tables: expected a list, not null"),
        (("tables", 1), "T2", "$.tables[1]: expected an object"),
        (("tables", 1, "id"), "T1", "$.tables[1].id: table 'T1' is listed twice"),
        (("tables", 1, "capacity"), 0, "$.tables[1].capacity: 0 is below 1"),
        (("tables", 1, "max_party"), 3, "$.tables[1].max_party: max_party 3 is above the capacity 2"),
        (("tables", 1, "min_party"), 3, "$.tables[1].min_party: min_party 3 is above max_party 2"),
        (("tables", 1, "movable"), "yes", "$.tables[1].movable: expected true or false"),
        (("tables", 3, "attributes", 0), 7, "$.tables[3].attributes[0]: expected a non-empty string"),
        (("adjacencies", 0), ["T1"], "$.adjacencies[0]: an adjacency has 2 tables, not 1"),
        (("adjacencies", 0), ["T1", "T9"], "$.adjacencies[0][1]: unknown table 'T9'"),
        (("adjacencies", 0), ["T1", "T1"], "$.adjacencies[0]: table 'T1' is adjacent to itself"),
        (("combinations", 0, "tables"), ["T1", "T9"], "$.combinations[0].tables: unknown table 'T9'"),
        (
            ("combinations", 0, "tables"),
            ["T1", "T1"],
            "$.combinations[0].tables[1]: table 'T1' is listed twice",
        ),
        (
            ("combinations", 0, "tables"),
            ["T1", "T3"],
            "$.combinations[0].tables: the tables T1, T3 are not connected",
        ),
        (("combinations", 0, "tables"), ["T3", "T4"], "$.combinations[0].tables: table 'T4' is fixed"),
        (("combinations", 0, "capacity"), 0, "$.combinations[0].capacity: 0 is below 1"),
        (("max_tables",), 1, "$.combinations[0].tables: 2 tables are more than max_tables 1"),
        (("blocks", 0, "table"), "T9", "$.blocks[0].table: unknown table 'T9'"),
        (
            ("blocks", 0, "end"),
            "2026-11-21T17:00:00Z",
            "$.blocks[0].end: 2026-11-21T17:00:00+00:00 is not after",
        ),
        (("bookings", 1, "id"), "B1", "$.bookings[1].id: booking 'B1' is listed twice"),
        (("bookings", 0, "party_size"), 0, "$.bookings[0].party_size: 0 is below 1"),
        (("bookings", 0, "party_size"), "2", "$.bookings[0].party_size: expected a whole number, not '2'"),
        (
            ("bookings", 0, "start"),
            "2026-11-21T19:00:00",
            "$.bookings[0].start: '2026-11-21T19:00:00' has no offset",
        ),
        (("bookings", 0, "start"), "2026-11-21", "$.bookings[0].start: '2026-11-21' is no date-time"),
        (
            ("bookings", 0, "start"),
            "2026-02-30T19:00:00Z",
            "$.bookings[0].start: '2026-02-30T19:00:00Z' is not in",
        ),
        (
            ("bookings", 0, "end"),
            "2026-11-21T18:59:59Z",
            "$.bookings[0].end: 2026-11-21T18:59:59+00:00 is not after",
        ),
        (
            ("bookings", 0, "received_at"),
            None,
            "$.bookings[0].received_at: expected a non-empty string, not null",
        ),
        (("bookings", 0, "zone"), "", "$.bookings[0].zone: expected a non-empty string"),
        (("bookings", 0, "locked"), 1, "$.bookings[0].locked: expected true or false"),
    ],
)
def test_a_bad_value_is_refused_with_its_path(path: tuple[str | int, ...], to: object, shown: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        scenario_of(changed(*path, to=to))
    assert str(caught.value).startswith(shown)


@pytest.mark.parametrize("key", ["timezone", "tables", "bookings"])
def test_a_missing_key_is_named(key: str) -> None:
    content = example()
    del content[key]
    with pytest.raises(ScenarioError, match=rf"^\$\.{key}: missing$"):
        scenario_of(content)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("{", "$: not JSON"),
        ("[]", "$: expected an object"),
        ('{"timezone": "UTC", "timezone": "UTC"}', "$.timezone: the key appears twice"),
        ('{"buffer_minutes": NaN}', "$: NaN is not JSON"),
        ("[" * 100_000, "$: not a scenario"),
    ],
)
def test_text_that_is_no_scenario_is_refused(text: str, shown: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        read_scenario(text)
    assert str(caught.value).startswith(shown)


def test_a_whole_number_may_be_written_with_a_fraction_of_zero() -> None:
    assert scenario_of(changed("max_slack", to=3.0)).policy.max_slack == 3


@pytest.mark.parametrize("policy", ["first_fit", "best_fit", "legacy", "v3"])
def test_the_result_has_exactly_the_documented_keys(policy: str) -> None:
    result = result_of(plan_day(scenario_of(example()), policy))
    assert set(result) == {"policy", "decisions", "final", "summary"}
    for decision in result["decisions"]:
        assert set(decision) == {
            *("booking", "outcome", "tables", "strategy", "reason", "score", "moves", "certificate"),
        }
    assert set(result["summary"]) == {
        *("bookings", "confirmed", "manual_review", "covers_requested", "covers_seated", "moves"),
        *("slack_seats", "decision_ms"),
    }
    assert json.loads(json.dumps(result)) == result


def test_the_summary_adds_up() -> None:
    content = example()
    content["bookings"] += [booking("B4", party_size=40), booking("B5", party_size=3)]
    summary = result_of(plan_day(scenario_of(content), "v3"))["summary"]
    assert summary["bookings"] == 5
    assert summary["confirmed"] + summary["manual_review"] == 5
    assert summary["covers_requested"] == 2 + 6 + 2 + 40 + 3


def test_policies_differ_where_they_should() -> None:
    """First fit takes the first table, best fit the smallest, legacy joins two tables at most."""
    content = example()
    content["tables"] = [
        {"id": name, "zone": "m", "capacity": seats} for name, seats in (("A", 4), ("B", 2), ("C", 2))
    ]
    content["adjacencies"] = [["A", "B"], ["B", "C"]]
    content["combinations"], content["blocks"] = [], []
    content["bookings"] = [booking("two")]
    taken = {
        policy: result_of(plan_day(scenario_of(content), policy))["final"]["two"]
        for policy in ("first_fit", "best_fit", "legacy")
    }
    assert taken == {"first_fit": ["A"], "best_fit": ["B"], "legacy": ["B"]}
    content["bookings"] = [booking("eight", party_size=8)]
    assert result_of(plan_day(scenario_of(content), "best_fit"))["final"] == {"eight": ["A", "B", "C"]}
    refused = result_of(plan_day(scenario_of(content), "legacy"))["decisions"][0]
    assert (refused["outcome"], refused["reason"], refused["certificate"]) == (
        "manual_review",
        "no_assignment",
        None,
    )


def test_a_locked_booking_is_not_moved_for_a_later_one() -> None:
    content = example()
    content["tables"] = [{"id": "A", "zone": "m", "capacity": 4}, {"id": "B", "zone": "m", "capacity": 2}]
    for key in ("adjacencies", "combinations", "blocks"):
        content[key] = []
    early = "2026-11-20T10:00:00Z"
    times = (("19:00", "19:30", 2), ("19:10", "20:30", 2), ("19:35", "21:00", 4))
    content["bookings"] = [
        booking(
            f"B{place}",
            received_at=early,
            start=f"2026-11-21T{start}:00Z",
            end=f"2026-11-21T{end}:00Z",
            party_size=size,
        )
        for place, (start, end, size) in enumerate(times)
    ]
    last = result_of(plan_day(scenario_of(content), "v3"))["decisions"][2]
    assert [move["booking"] for move in last["moves"]] == ["B0", "B1"]
    for item in content["bookings"]:
        item["locked"] = True
    last = result_of(plan_day(scenario_of(content), "v3"))["decisions"][2]
    assert (last["outcome"], last["reason"], last["moves"]) == ("manual_review", "no_capacity_at_time", [])


def test_the_command_needs_no_database_and_writes_the_result(tmp_path: Path) -> None:
    """pytest-django refuses every database access here: the test is not marked for one."""
    source, out = tmp_path / "day.json", tmp_path / "result.json"
    source.write_text(json.dumps(example()), encoding="utf-8")
    call_command("plan_day", str(source), "--policy", "best_fit", "--out", str(out))
    assert json.loads(out.read_text(encoding="utf-8"))["policy"] == "best_fit"


@pytest.mark.parametrize("content", ["{", json.dumps(changed("tables", 0, "capacity", to=0)), None])
def test_the_command_leaves_with_status_2_for_a_scenario_that_cannot_be_used(
    tmp_path: Path, content: str | None
) -> None:
    source = tmp_path / "day.json"
    if content is not None:
        source.write_text(content, encoding="utf-8")
    with pytest.raises(CommandError) as caught:
        call_command("plan_day", str(source))
    assert caught.value.returncode == 2
    assert str(source) in str(caught.value)

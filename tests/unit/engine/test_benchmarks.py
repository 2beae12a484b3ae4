"""The comparison, its reports, the benchmarks' figures, and how the direct path grows."""

import json
import time
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command

from assignments.benchmarks.compare import compared, totals
from assignments.benchmarks.days import generated_day
from assignments.benchmarks.engine_speed import crowded_evening, filled, tiled
from assignments.benchmarks.figures import Figure, as_table
from assignments.benchmarks.full_reseat import full_reseat
from assignments.benchmarks.report import as_html, as_json, as_text
from assignments.engine.day import arriving
from assignments.engine.decide import decide
from assignments.engine.facts import Facts, Seating
from bookings.demand.floor_plans import BISTRO
from tests.unit.engine import oracle
from tests.unit.engine.builders import asks

if TYPE_CHECKING:
    from assignments.engine.ids import Id


def test_a_comparison_counts_avoidable_reviews_of_other_policies_and_none_of_ours() -> None:
    day = generated_day(BISTRO, fullness=0.9, seed=1)
    calls: list[int] = []
    entries = compared([(day.name, day.scenario)], ["legacy", "v3"], lambda: calls.append(1))
    legacy, ours = totals(entries)
    assert len(calls) == 2
    assert legacy.avoidable > 0
    assert (ours.avoidable, ours.undecided) == (0, 0)
    assert legacy.covers < ours.covers <= 1
    assert entries[0].hindsight.covers == sum(item.request.party_size for item in day.scenario.arrivals)


def test_the_report_says_the_same_as_text_json_and_a_page_with_a_chart_for_each_policy() -> None:
    day = generated_day(BISTRO, fullness=0.9, seed=1)
    entries = compared([("<day> & co", day.scenario)], ["legacy", "v3"], lambda: None)
    content = json.loads(as_json(entries))
    assert [row["policy"] for row in content["totals"]] == ["legacy", "v3"]
    assert str(content["totals"][0]["avoidable_reviews"]) in as_text(entries)
    page = as_html(entries)
    tags = _Tags()
    tags.feed(page)
    assert tags.open == []
    assert page.count("<svg") == 2
    assert "<day>" not in page
    assert page.count("class='review'") == sum(row["manual_review"] for row in content["days"])


class _Tags(HTMLParser):
    """Open tags, in order; what needs no closing is left out."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_compare_policies_writes_a_page_for_generated_days(tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    given = ["--days", "1", "--fullness", "0.4", "--policies", "v3", "--format", "html", "--out", str(out)]
    call_command("compare_policies", *given)
    assert out.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_compare_policies_refuses_a_bad_scenario_with_status_2_and_no_days_at_all(tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("{}", encoding="utf-8")
    with pytest.raises(CommandError, match=r"\$\.timezone: missing") as caught:
        call_command("compare_policies", str(bad))
    assert caught.value.returncode == 2
    with pytest.raises(CommandError, match="--days"):
        call_command("compare_policies", "--days", "0")


def test_bench_refuses_an_unknown_name_with_the_known_ones() -> None:
    with pytest.raises(CommandError, match="engine, quality"):
        call_command("bench", "nonsense", stdout=StringIO())


def test_a_figure_is_met_at_its_target_and_missed_beyond() -> None:
    assert Figure(name="a", value=10, unit="ms", at_most=10).met
    assert not Figure(name="a", value=10.1, unit="ms", at_most=10).met
    assert Figure(name="a", value=0.995, unit="", at_least=0.995).met
    assert Figure(name="a", value=1, unit="").met is None
    assert "MISS" in as_table({"some": [Figure(name="a", value=11, unit="ms", at_most=10)]})


def test_full_reseating_obeys_locks_and_freeze_like_everyone() -> None:
    scenario = generated_day(BISTRO, fullness=0.8, seed=0).scenario
    seated: dict[Id, Seating] = {}
    moved = 0
    for step in arriving(scenario, full_reseat, seated):
        if step.decision.plan:
            moves = {move.booking: move.to_tables for move in step.decision.plan.moves}
            moved += len(moves)
            assert oracle.problems(step.facts, step.arrival.request, step.decision.plan.tables, moves) == []
    assert moved > 0


def test_tiled_floors_and_filled_houses_have_the_size_that_was_asked_for() -> None:
    assert len(tiled(100).tables) == 100
    assert len(crowded_evening(40, 100).arrivals) == 100
    facts = filled(40, 100)
    assert len(facts.plan.tables) == 40
    assert len(facts.seatings) > 80


def test_the_direct_path_grows_about_linearly_with_tables_and_bookings() -> None:
    """Measured in CPU time, best of several, so that a busy machine does not matter."""
    small, wide, long = (_cost(filled(*size)) for size in ((40, 100), (400, 100), (40, 1000)))
    assert wide < 10 * small * 2.5
    assert long < 10 * small * 2.5


def _cost(facts: Facts) -> float:
    request = asks(2)
    decide(facts, request, rungs=("direct",))
    return min(_timed(facts, request) for _ in range(7))


def _timed(facts: Facts, request: object) -> float:
    began = time.process_time()
    decide(facts, request, rungs=("direct",))  # type: ignore[arg-type]
    return time.process_time() - began

"""What can be offered instead of a refusal."""

from dataclasses import replace
from datetime import timedelta

from assignments.engine.explain import alternatives, explain, next_free
from assignments.engine.floor_plan import FloorPlan
from tests.unit.engine import oracle
from tests.unit.engine.builders import asks, at, blocked, house, row, seated, table


def test_a_plan_needs_no_alternatives() -> None:
    explanation = explain(house(row(2)), asks(2))
    assert explanation.decision.plan
    assert explanation.alternatives == ()


def test_the_nearest_free_start_comes_first() -> None:
    facts = house(row(2), seated("b1", "T1", start=0, minutes=60, locked=True))
    offers = [item for item in alternatives(facts, asks(start=40, minutes=60)) if item.kind == "shift"]
    assert [item.request.period.start for item in offers] == [at(70), at(85), at(100)]
    assert offers[0].sentence == "30 minutes later"


def test_a_shift_into_the_past_is_not_offered() -> None:
    facts = house(row(2), blocks=(blocked("T1", start=30, minutes=10),), now=at(0))
    starts = [item.request.period.start for item in alternatives(facts, asks(start=0, minutes=60))]
    assert starts
    assert min(starts) >= at(0)


def test_another_zone_and_a_relaxed_attribute_are_offered() -> None:
    plan = FloorPlan(
        tables=[
            table("T1", attributes=frozenset({"window"})),
            table("T2"),
            table("T3", zone="terrace", attributes=frozenset({"window"})),
        ]
    )
    facts = house(plan, seated("b1", "T1", minutes=400, locked=True))
    offers = alternatives(facts, asks(start=120, zone="main", requires=frozenset({"window"})))
    assert [(item.kind, item.plan.tables) for item in offers] == [("zone", ("T3",)), ("attribute", ("T2",))]


def test_a_shorter_turn_is_offered_down_to_45_minutes() -> None:
    facts = house(row(2), blocks=(blocked("T1", start=80, minutes=300),), now=at(0))
    offers = alternatives(facts, asks(start=0, minutes=90))
    assert [(item.kind, item.request.period.end) for item in offers] == [
        ("shorter", at(75)),
        ("shorter", at(60)),
    ]
    assert not alternatives(facts, asks(start=40, minutes=45, zone="main")) or all(
        item.kind != "shorter" for item in alternatives(facts, asks(start=40, minutes=45))
    )


def test_staff_are_offered_the_move_of_one_frozen_booking_but_not_of_a_locked_one() -> None:
    plan = FloorPlan(tables=[table("T1", 4), table("T2", 2)])
    frozen = house(plan, seated("b1", "T1", start=20), now=at(-30))
    offers = [item for item in alternatives(frozen, asks(4, start=20)) if item.kind == "move"]
    assert [move.booking for move in offers[0].plan.moves] == ["b1"]
    assert offers[0].sentence == "moving booking b1"
    locked = house(plan, seated("b1", "T1", start=20, locked=True), now=at(-30))
    assert all(item.kind != "move" for item in alternatives(locked, asks(4, start=20)))


def test_alternatives_are_ranked_by_cost_and_every_one_is_legal() -> None:
    facts = house(row(2, 4), seated("b1", "T1", start=0), seated("b2", "T2", start=15), now=at(-30))
    offers = alternatives(facts, asks(2, start=30, minutes=90))
    assert [item.cost for item in offers] == sorted(item.cost for item in offers)
    unfrozen = replace(facts, policy=replace(facts.policy, freeze=timedelta(0)))
    for item in offers:
        moves = {move.booking: move.to_tables for move in item.plan.moves}
        assert oracle.problems(unfrozen, item.request, item.plan.tables, moves) == []


def test_a_walk_in_that_finds_nothing_is_told_the_next_free_time() -> None:
    facts = house(row(2), seated("b1", "T1", start=-30, minutes=60, checked_in=True), now=at(0))
    offer = next_free(facts, asks(start=0, minutes=60), latest=at(180))
    assert offer is not None
    assert offer.request.period.start == at(45)
    assert next_free(facts, asks(start=0, minutes=60), latest=at(30)) is None

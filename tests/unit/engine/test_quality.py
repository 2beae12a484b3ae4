"""Generated days that are known to fit: what our policy makes of them, rechecked by an independent model."""

from dataclasses import replace
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING

import pytest
from ortools.sat.python import cp_model

from assignments.benchmarks.days import Day, generated_day
from assignments.benchmarks.quality import HOLDOUT_SEEDS, TUNING_SEEDS
from assignments.benchmarks.renamed import renamed
from assignments.engine.day import PlannedDay, Step, plan_day, seats_of, slack_seats
from assignments.engine.facts import Facts, Policy, Request, Seating
from assignments.engine.floor_plan import FloorPlan
from assignments.engine.hindsight import best_in_hindsight, least_slack_of_all
from assignments.engine.scenario import Arrival, Scenario
from bookings.demand.floor_plans import BISTRO, BRASSERIE, HALL
from tests.unit.engine import oracle
from tests.unit.engine.builders import DAY_BEFORE, asks, blocked, house, row, table

if TYPE_CHECKING:
    from assignments.engine.ids import Id

DAYS = [
    (layout, fullness, seed)
    for layout in (BISTRO, BRASSERIE, HALL)
    for fullness in (0.6, 0.9)
    for seed in (0, 1)
]
NAMES = [f"{layout.slug}-{fullness}-{seed}" for layout, fullness, seed in DAYS]


@pytest.fixture(params=DAYS, ids=NAMES)
def day(request: pytest.FixtureRequest) -> Day:
    layout, fullness, seed = request.param
    return generated_day(layout, fullness=fullness, seed=seed)


def test_the_hidden_seating_of_a_generated_day_is_legal(day: Day) -> None:
    """Otherwise the days would not be accommodating, and the figures below would mean nothing."""
    facts = _facts_at_end(plan_day(day.scenario, "first_fit"))
    spans: dict[object, list[oracle.Span]] = {}
    for arrival in day.scenario.arrivals:
        tables = day.hidden[arrival.request.booking]
        assert oracle.legal(facts, arrival.request, tables)
        assert not oracle.blocked(facts, arrival.request, tables)
        mine = oracle.span(facts, arrival.request)
        for name in tables:
            assert not any(oracle.meet(mine, other) for other in spans.setdefault(name, []))
            spans[name].append(mine)


def test_no_review_is_avoidable_and_every_plan_is_legal(day: Day) -> None:
    planned = plan_day(day.scenario, "v3")
    for step in planned.steps:
        plan = step.decision.plan
        if plan is None:
            assert step.decision.proven, step.decision.reason
            assert not _seatable(step)
        else:
            moves = {move.booking: move.to_tables for move in plan.moves}
            assert oracle.problems(step.facts, step.arrival.request, plan.tables, moves) == []


def test_our_policy_seats_more_covers_than_the_rules_of_the_trade() -> None:
    days = [generated_day(layout, fullness=fullness, seed=seed) for layout, fullness, seed in DAYS]
    covers = {
        policy: sum(_covers(plan_day(item.scenario, policy)) for item in days)
        for policy in ("v3", "best_fit", "first_fit", "legacy")
    }
    assert covers["v3"] > 1.01 * max(covers["best_fit"], covers["first_fit"], covers["legacy"])


def test_few_bookings_are_moved_and_few_seats_stay_empty() -> None:
    planned = [
        plan_day(generated_day(layout, fullness=fullness, seed=seed).scenario, "v3")
        for layout, fullness, seed in DAYS
    ]
    moves = sum(len(step.decision.plan.moves) for day in planned for step in day.steps if step.decision.plan)
    bookings = sum(len(day.steps) for day in planned)
    covers = sum(_covers(day) for day in planned)
    seats = sum(seats_of(day.scenario)(seating) for day in planned for seating in day.final)
    assert moves / bookings <= 0.15
    assert (seats - covers) / seats <= 0.15


def test_hindsight_seats_everyone_on_a_day_that_is_known_to_fit() -> None:
    layout, fullness, seed = DAYS[1]
    scenario = generated_day(layout, fullness=fullness, seed=seed).scenario
    best = best_in_hindsight(scenario, plan_day(scenario, "first_fit").final)
    assert best.proven
    assert best.covers == sum(arrival.request.party_size for arrival in scenario.arrivals)


def test_the_least_slack_in_hindsight_is_that_of_the_best_of_all_seatings() -> None:
    scenario = _scenario(row(2, 4, 6), asks(2, booking="a"), asks(2, booking="b"), asks(5, booking="c"))
    known: dict[Id, tuple[Id, ...]] = {"a": ("T2",), "b": ("T1",), "c": ("T3",)}
    parties = [arrival.request for arrival in scenario.arrivals]
    facts = house(scenario.plan, policy=scenario.policy)
    seatings = product(oracle.all_sets(facts), repeat=len(parties))
    slack = [
        sum(oracle.capacity(facts.plan, tables) - party.party_size for party, tables in given)
        for given in ([*zip(parties, sets, strict=True)] for sets in seatings)
        if all(oracle.legal(facts, party, tables) for party, tables in given)
        and len({name for _, tables in given for name in tables}) == sum(len(tables) for _, tables in given)
    ]
    assert least_slack_of_all(scenario, known) == min(slack) == 3


def test_in_hindsight_a_table_left_in_time_is_used_again_and_a_block_is_not() -> None:
    early, late = asks(2, booking="a"), asks(2, start=95, booking="b")
    plan = FloorPlan(tables=[table("T1", 2), table("T2", 4)])
    known: dict[Id, tuple[Id, ...]] = {"a": ("T2",), "b": ("T2",)}
    assert least_slack_of_all(_scenario(plan, early, late), known) == 0
    shut = replace(_scenario(plan, early, late), blocks=(blocked("T1", start=95),))
    assert least_slack_of_all(shut, known) == 2


def test_no_planner_that_seats_everyone_leaves_fewer_seats_empty_than_hindsight() -> None:
    calm = generated_day(BISTRO, fullness=0.4, seed=2)
    planned = plan_day(calm.scenario, "v3")
    assert len(planned.final) == len(calm.scenario.arrivals)
    assert least_slack_of_all(calm.scenario, calm.hidden) <= slack_seats(planned)


def test_renamed_tables_are_the_same_house() -> None:
    day = generated_day(BRASSERIE, fullness=0.6, seed=0)
    there = renamed(day.scenario)
    assert there != day.scenario
    assert renamed(there) == day.scenario
    assert least_slack_of_all(there, {}) == least_slack_of_all(day.scenario, day.hidden)


def test_targets_are_held_against_days_that_no_weight_was_chosen_by() -> None:
    assert not set(TUNING_SEEDS) & set(HOLDOUT_SEEDS)


def _scenario(plan: FloorPlan, *requests: Request) -> Scenario:
    arrivals = tuple(Arrival(request=request, clock=DAY_BEFORE, locked=False) for request in requests)
    return Scenario(
        restaurant="test", timezone="UTC", plan=plan, policy=Policy(), blocks=(), arrivals=arrivals
    )


def _covers(day: PlannedDay) -> int:
    return sum(seating.party_size for seating in day.final)


def _facts_at_end(day: PlannedDay) -> Facts:
    return day.steps[-1].facts


def _seatable(step: Step) -> bool:
    """Whether the request and all movable bookings could be seated, by one variable for each booking and
    legal set (as the oracle sees it) and one constraint for each two that collide on a table."""
    facts = step.facts
    movable = [seating for seating in facts.seatings if oracle.may_move(facts, seating)]
    walls = [seating for seating in facts.seatings if not oracle.may_move(facts, seating)]
    parties: list[oracle.Party] = [step.arrival.request, *movable]
    model = cp_model.CpModel()
    seats = []
    for party in parties:
        own = [
            (party, tables, model.new_bool_var(""))
            for tables in _legal_sets(facts, party)
            if not oracle.blocked(facts, party, tables) and not _walled(facts, walls, party, tables)
        ]
        model.add_exactly_one([literal for _, _, literal in own])
        seats.append(own)
    for place, own in enumerate(seats):
        for other in seats[place + 1 :]:
            if own and other and oracle.meet(oracle.span(facts, own[0][0]), oracle.span(facts, other[0][0])):
                for name in {name for _, tables, _ in own for name in tables}:
                    mine = [literal for _, tables, literal in own if name in tables]
                    theirs = [literal for _, tables, literal in other if name in tables]
                    if theirs:
                        model.add(sum(mine) + sum(theirs) <= 1)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    status = solver.solve(model)
    assert status in (cp_model.OPTIMAL, cp_model.FEASIBLE, cp_model.INFEASIBLE)
    return status != cp_model.INFEASIBLE


@lru_cache(maxsize=4096)
def _sets_of(
    plan: FloorPlan, policy: Policy, size: int, zone: str | None, requires: frozenset[str]
) -> list[oracle.Tables]:
    """The oracle's legal sets for a wish, found once: it tries every three tables of the house."""
    facts = house(plan, policy=policy)
    wish = asks(size, zone=zone, requires=requires)
    return [tables for tables in oracle.all_sets(facts) if oracle.legal(facts, wish, tables)]


def _legal_sets(facts: Facts, party: oracle.Party) -> list[oracle.Tables]:
    return _sets_of(facts.plan, facts.policy, party.party_size, party.zone, party.requires)


def _walled(facts: Facts, walls: list[Seating], party: oracle.Party, tables: oracle.Tables) -> bool:
    mine = oracle.span(facts, party)
    return any(
        set(wall.tables) & set(tables) and oracle.meet(mine, oracle.span(facts, wall)) for wall in walls
    )

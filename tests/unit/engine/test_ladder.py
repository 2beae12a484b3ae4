"""Direct fit, bound, reseat: which rung decides what, and with which evidence."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction

import pytest

from assignments.engine.decide import context_of, decide, decide_patiently
from assignments.engine.facts import Facts, Policy
from assignments.engine.floor_plan import FloorPlan
from assignments.engine.problem import maximal_instants, problem_of
from assignments.engine.reasons import Reason
from assignments.engine.refusals import FactsError
from assignments.engine.reseat import short_chains, solved
from assignments.engine.strategies import REGISTRY, weighted
from tests.unit.engine import oracle
from tests.unit.engine.builders import asks, at, house, row, seated, table


def full_house() -> Facts:
    """Two tables for two, both taken by bookings that may move but have nowhere to go."""
    return house(
        FloorPlan(tables=[table("T1"), table("T2")]), seated("b1", "T1"), seated("b2", "T2", start=30)
    )


def crossed() -> Facts:
    """A chain: the six needs T3, whose four needs T2, whose two needs T1."""
    plan = FloorPlan(tables=[table("T1", 2), table("T2", 4), table("T3", 6)])
    return house(plan, seated("four", "T3", size=4), seated("two", "T2", size=2))


def test_a_free_table_is_given_without_moving_anybody() -> None:
    decision = decide(house(row(2, 4)), asks(2))
    assert decision.rung == "direct"
    assert decision.plans[0].tables == ("T1",)
    assert decision.reason is None


def test_plans_are_ranked_best_first_and_bounded_in_number() -> None:
    facts = house(FloorPlan(tables=[table(f"T{place}") for place in range(9)]), policy=Policy(plans_kept=3))
    decision = decide(facts, asks(2))
    scores = [plan.score for plan in decision.plans]
    assert decision.considered == 9
    assert len(scores) == 3
    assert scores == sorted(scores, reverse=True)


def test_ties_go_by_sorted_ids() -> None:
    facts = house(FloorPlan(tables=[table(name) for name in ("C", "A", "B")]))
    assert decide(facts, asks(2)).plans[0].tables == ("A",)


def test_ids_may_be_numbers_and_then_sort_as_numbers() -> None:
    facts = house(FloorPlan(tables=[table(10), table(9)]))
    assert decide(facts, asks(2, booking=1)).plans[0].tables == (9,)


def test_a_full_house_is_proven_by_a_bound_with_prices() -> None:
    decision = decide(full_house(), asks(2, start=45))
    assert decision.reason == Reason.NO_CAPACITY_AT_TIME
    assert decision.certificate is not None
    assert decision.certificate.kind == "bound"
    assert decision.certificate.value is not None
    assert decision.certificate.needed == 3
    assert decision.certificate.value < 3


def test_the_prices_of_a_certificate_can_be_checked_by_hand() -> None:
    """Weak duality in rational numbers, from the certificate's JSON and the facts alone."""
    facts, request = full_house(), asks(2, start=45)
    certificate = decide(facts, request).as_json()["certificate"]
    total = Fraction(0)
    for _, _, price in certificate["prices"]:
        total += Fraction(price)
    parties: list[oracle.Party] = [request, *facts.seatings]
    for party in parties:
        costs = []
        for tables in oracle.all_sets(facts):
            if oracle.legal(facts, party, tables):
                paid = [
                    Fraction(price)
                    for name, instant, price in certificate["prices"]
                    if name in tables and _sits(facts, party, instant)
                ]
                costs.append(sum(paid, Fraction(0)))
        total += max(Fraction(0), 1 - min(costs))
    assert total < len(parties)
    assert float(total) == pytest.approx(certificate["value"])


def _sits(facts: Facts, party: oracle.Party, instant: str) -> bool:
    start, end = oracle.span(facts, party)
    return start.isoformat() <= instant < end.isoformat()


def test_the_fewest_bookings_are_moved() -> None:
    decision = decide(crossed(), asks(6))
    assert decision.rung == "reseat"
    assert decision.plan is not None
    assert decision.plan.strategy == "reseat"
    assert decision.plan.tables == ("T3",)
    assert {move.booking: move.to_tables for move in decision.plan.moves} == {"four": ("T2",), "two": ("T1",)}
    assert decision.detail == {"fewest_moves_proven": True}


def test_of_equally_few_moves_the_least_slack_wins() -> None:
    plan = FloorPlan(tables=[table("T1", 6), table("T2", 3), table("T3", 4)])
    decision = decide(house(plan, seated("b1", "T1", size=3)), asks(6))
    assert decision.plan is not None
    assert decision.plan.moves[0].to_tables == ("T2",)


def test_a_moved_booking_keeps_its_own_zone_and_attributes() -> None:
    plan = FloorPlan(
        tables=[
            table("T1", 4, attributes=frozenset({"window"})),
            table("T2", 2),
            table("T3", 2, attributes=frozenset({"window"})),
        ]
    )
    facts = house(plan, seated("b1", "T1", requires=frozenset({"window"})))
    decision = decide(facts, asks(4))
    assert decision.plan is not None
    assert decision.plan.moves[0].to_tables == ("T3",)


def test_without_the_reseat_rung_a_refusal_is_open_unless_the_bound_proves_it() -> None:
    open_refusal = decide(crossed(), asks(6), rungs=("direct", "bound"))
    assert (open_refusal.reason, open_refusal.proven) == (Reason.NO_ASSIGNMENT, False)
    assert decide(full_house(), asks(2), rungs=("direct", "bound")).proven


def triangles(count: int, parties: int) -> Facts:
    """Triangles of tables for two, and parties of four that take two tables of a triangle each.

    A triangle seats one and a half of them in fractions and one in truth, so the relaxation sees room that
    is not there.
    """
    corners = [f"{letter}{place}" for place in range(count) for letter in "ABC"]
    pairs = [
        (f"{one}{place}", f"{other}{place}") for place in range(count) for one, other in ("AB", "BC", "AC")
    ]
    plan = FloorPlan(tables=[table(name) for name in corners], adjacencies=pairs)
    return house(plan, *(seated(f"b{place}", f"A{place}", f"B{place}", size=4) for place in range(parties)))


def test_what_the_relaxation_cannot_exclude_is_excluded_by_exhaustive_search() -> None:
    facts = triangles(2, parties=2)
    decision = decide(facts, asks(4))
    assert decision.reason == Reason.NO_CAPACITY_AT_TIME
    assert decision.certificate is not None
    assert decision.certificate.as_json() == {"kind": "exhaustive"}
    assert oracle.fewest_moves(facts, asks(4)) is None


def test_a_search_cut_by_its_limit_says_undecided_and_claims_no_proof() -> None:
    facts = triangles(8, parties=8)
    decision = decide(replace(facts, policy=replace(facts.policy, solver_limit=1e-9)), asks(4))
    assert decision.reason == Reason.UNDECIDED
    assert not decision.proven


def test_off_the_hot_path_the_search_goes_on_until_it_knows() -> None:
    facts = triangles(3, parties=3)
    hurried = replace(facts, policy=replace(facts.policy, solver_limit=1e-9))
    assert decide_patiently(hurried, asks(4)).proven
    assert decide_patiently(house(row(2)), asks(2)).plan


def test_the_chain_search_and_the_solvers_find_equally_few_moves() -> None:
    problem = problem_of(context_of(crossed(), asks(6)))
    chains, solver = short_chains(problem), solved(problem, 1.0)
    assert chains is not None
    assert chains.found[0].moves == solver.found[0].moves == 2


def test_only_bookings_linked_by_overlaps_take_part_in_reseating() -> None:
    facts = house(row(2, 2), seated("b1", "T1"), seated("far", "T1", start=600))
    problem = problem_of(context_of(facts, asks(4, start=30)))
    assert [party.booking for party in problem.parties] == ["new", "b1"]


def test_the_house_is_fullest_where_a_start_is_followed_by_an_end() -> None:
    facts = house(
        row(2, 2, 2), seated("b1", "T1"), seated("b2", "T2", start=30), seated("b3", "T1", start=95)
    )
    problem = problem_of(context_of(facts, asks(6, start=0)))
    assert maximal_instants(problem.parties) == [at(30), at(95)]


def test_the_direct_path_imports_neither_scipy_nor_ortools_nor_numpy_nor_django() -> None:
    script = (
        "import sys; from tests.unit.engine.builders import *; from assignments.engine.decide import decide\n"
        "assert decide(house(row(2, 4)), asks(2)).plan\n"
        "print([m for m in ('scipy', 'ortools', 'numpy', 'django') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_same_input_gives_the_same_decision_in_another_process() -> None:
    script = (
        "import json; from tests.unit.engine.test_ladder import crossed, full_house; "
        "from tests.unit.engine.builders import asks; from assignments.engine.decide import decide\n"
        "print(json.dumps([decide(crossed(), asks(6)).as_json(), decide(full_house(), asks(2)).as_json()]))"
    )
    here = [decide(crossed(), asks(6)).as_json(), decide(full_house(), asks(2)).as_json()]
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        assert json.loads(done.stdout) == json.loads(json.dumps(here))


def test_an_unknown_strategy_is_refused_with_the_known_ones() -> None:
    with pytest.raises(FactsError, match="optimal_fit"):
        decide(house(row(2), policy=Policy(strategies=(("best_guess", 1.0),))), asks(2))


def test_strategies_come_in_the_policys_order_and_weight_0_switches_one_off() -> None:
    policy = Policy(strategies=(("adjacency", 2.0), ("optimal_fit", 1.0), ("zone_preference", 0.0)))
    assert [(strategy.name, weight) for strategy, weight in weighted(policy)] == [
        ("adjacency", 2.0),
        ("optimal_fit", 1.0),
    ]


def test_the_shares_of_every_strategys_components_sum_to_1() -> None:
    assert list(REGISTRY) == [name for name, _ in Policy().strategies]
    for strategy in REGISTRY.values():
        assert sum(strategy.parts.values()) == pytest.approx(1.0)


def test_zones_are_filled_in_the_houses_order() -> None:
    plan = FloorPlan(tables=[table("A", zone="main"), table("B", zone="terrace")])
    facts = house(plan, policy=Policy(zone_order=("terrace", "main")))
    assert decide(facts, asks(2)).plans[0].tables == ("B",)


def test_a_small_party_leaves_the_scarce_table_to_those_who_need_it() -> None:
    """Only A seats parties of three and four; the demand still to come is all of them."""
    plan = FloorPlan(tables=[table("A", 4), table("B", 2), table("C", 2, zone="terrace")])
    facts = replace(house(plan), demand={4: 1.0})
    assert decide(facts, asks(2)).plans[-1].tables == ("A",)


def test_success_of_the_last_week_shifts_the_scores() -> None:
    facts = house(row(2, 4))
    poor = replace(facts, success={"optimal_fit": 0.0})
    assert decide(poor, asks(2)).plans[0].score < decide(facts, asks(2)).plans[0].score


def test_a_joined_plan_can_be_carried_by_adjacency() -> None:
    ring = FloorPlan(
        tables=[table(name) for name in "ABCDE"],
        adjacencies=[("A", "B"), ("B", "C"), ("A", "C"), ("C", "D"), ("D", "E")],
    )
    facts = house(ring, policy=Policy(strategies=(("adjacency", 1.0),)))
    decision = decide(facts, asks(6))
    assert decision.plans[0].tables == ("A", "B", "C")
    assert decision.plans[0].strategy == "adjacency"


def test_a_decision_can_be_stored_as_json_whatever_it_says() -> None:
    for facts, request in ((house(row(2, 4)), asks(2)), (crossed(), asks(6)), (full_house(), asks(2))):
        content = decide(facts, request).as_json()
        assert json.loads(json.dumps(content)) == content

"""The engine against a brute-force oracle on small floors."""

from datetime import datetime, timedelta
from fractions import Fraction

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from assignments.engine.bound import UNIT, full_house, most_seated, tangled_bookings
from assignments.engine.decide import context_of, decide
from assignments.engine.facts import Facts, Policy, Request, Seating
from assignments.engine.floor_plan import Combination, FloorPlan, connected
from assignments.engine.ids import Id
from assignments.engine.plans import Plan
from assignments.engine.problem import problem_of
from assignments.engine.reasons import Reason
from tests.unit.engine import oracle
from tests.unit.engine.builders import at, blocked, house, period, table

IDS = ("A", "B", "C", "D", "E")
QUARTERS = st.integers(0, 12).map(lambda quarter: 15 * quarter)
RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


@st.composite
def floor_plans(draw: st.DrawFn) -> FloorPlan:
    ids = IDS[: draw(st.integers(1, 5))]
    tables = []
    for name in ids:
        capacity = draw(st.sampled_from([2, 2, 4, 6]))
        largest = draw(st.integers(1, capacity))
        tables.append(
            table(
                name,
                capacity,
                zone=draw(st.sampled_from(["main", "main", "terrace"])),
                min_party=draw(st.integers(1, largest)),
                max_party=draw(st.sampled_from([None, largest])) if draw(st.booleans()) else None,
                movable=draw(st.sampled_from([True, True, True, False])),
                attributes=frozenset(draw(st.sets(st.sampled_from(["window", "quiet"]), max_size=2))),
            )
        )
    pairs = [(one, other) for one in ids for other in ids if one < other and draw(st.booleans())]
    plan = FloorPlan(tables=tables, adjacencies=pairs)
    return FloorPlan(tables=tables, adjacencies=pairs, combinations=draw(combinations_of(plan)))


@st.composite
def combinations_of(draw: st.DrawFn, plan: FloorPlan) -> list[Combination]:
    found = []
    for chosen in draw(st.sets(st.frozensets(st.sampled_from(IDS), min_size=2, max_size=3), max_size=2)):
        members = [plan.table.get(name) for name in chosen]
        joinable = all(member is not None and member.movable for member in members)
        if joinable and len({m.zone for m in members if m}) == 1 and connected(chosen, plan.adjacencies):
            found.append(Combination(tables=chosen, capacity=draw(st.integers(3, 10))))
    return found


@st.composite
def requests(draw: st.DrawFn, booking: str = "new") -> Request:
    return Request(
        booking=booking,
        party_size=draw(st.sampled_from([1, 2, 2, 3, 4, 5, 6, 8])),
        period=period(draw(QUARTERS), draw(st.sampled_from([60, 85, 90, 120]))),
        zone=draw(st.sampled_from([None, None, None, "main", "terrace"])),
        requires=frozenset(draw(st.sampled_from([(), (), (), ("window",), ("window", "quiet")]))),
    )


@st.composite
def houses(draw: st.DrawFn, most_seated: int = 5) -> Facts:
    """A house into which bookings were put wherever the oracle allows."""
    policy = Policy(
        max_slack=draw(st.sampled_from([1, 4])),
        max_tables=draw(st.integers(1, 3)),
        buffer=timedelta(minutes=draw(st.sampled_from([0, 5]))),
    )
    now = at(draw(st.sampled_from([-1440, -150, -60, 30, 120])))
    facts = house(draw(floor_plans()), policy=policy, now=now)
    facts = _with(facts, blocks=tuple(blocked(name, draw(QUARTERS), 45) for name in _some(draw, facts)))
    for place in range(draw(st.integers(0, most_seated))):
        request = draw(requests(f"b{place}"))
        options = [
            tables for tables in oracle.all_sets(facts) if not oracle.problems(facts, request, tables, {})
        ]
        if options:
            seating = _seating(draw, request, draw(st.sampled_from(options)), now)
            facts = _with(facts, seatings=(*facts.seatings, seating))
    return facts


def _some(draw: st.DrawFn, facts: Facts) -> list[str]:
    ids = [str(item.id) for item in facts.plan.tables]
    return draw(st.lists(st.sampled_from(ids), max_size=1))


def _seating(draw: st.DrawFn, request: Request, tables: oracle.Tables, now: datetime) -> Seating:
    # Who is checked in and past the end overstays, and may so conflict with the next party already.
    return Seating(
        booking=request.booking,
        party_size=request.party_size,
        tables=tables,
        period=request.period,
        zone=request.zone,
        requires=request.requires,
        locked=draw(st.sampled_from([False, False, False, True])),
        checked_in=request.period.start <= now and draw(st.booleans()),
    )


def _with(facts: Facts, **changes: object) -> Facts:
    given = {"policy": facts.policy, "now": facts.now, "blocks": facts.blocks, "seatings": facts.seatings}
    given |= changes
    seatings = given.pop("seatings")
    return house(facts.plan, *seatings, **given)  # type: ignore[misc]


def moves_of(plan: Plan) -> dict[Id, tuple[Id, ...]]:
    return {move.booking: move.to_tables for move in plan.moves}


@given(facts=houses(), request=requests())
@settings(RELAXED, max_examples=250)
def test_every_plan_is_legal_by_the_rules(facts: Facts, request: Request) -> None:
    for plan in decide(facts, request).plans:
        assert oracle.problems(facts, request, plan.tables, moves_of(plan)) == []


@given(facts=houses(most_seated=4), request=requests())
@settings(RELAXED, max_examples=250)
def test_a_seating_is_found_exactly_when_one_exists_and_with_the_fewest_moves(
    facts: Facts, request: Request
) -> None:
    decision = decide(facts, request)
    fewest = oracle.fewest_moves(facts, request)
    if decision.plan is None:
        assert fewest is None
        assert decision.proven
    else:
        assert len(decision.plan.moves) == fewest


@given(facts=houses(), request=requests())
@settings(RELAXED, max_examples=150)
def test_the_solvers_agree_with_the_chain_search(facts: Facts, request: Request) -> None:
    from assignments.engine.reseat import solved

    context = context_of(facts, request)
    assume(not context.free and context.options)
    reseating = solved(problem_of(context), 5.0)
    fewest = oracle.fewest_moves(facts, request)
    if fewest is None:
        assert reseating.verdict == "impossible"
    else:
        assert reseating.verdict == "seated"
        assert reseating.found[0].moves == fewest


@given(facts=houses(), request=requests())
@settings(RELAXED, max_examples=200)
def test_a_bound_is_never_wrong(facts: Facts, request: Request) -> None:
    context = context_of(facts, request)
    assume(not context.free)
    bound = full_house(problem_of(context))
    if bound:
        assert bound.value < bound.needed
        assert oracle.fewest_moves(facts, request) is None


@given(facts=houses(), request=requests(), seed=st.randoms(use_true_random=False))
@settings(RELAXED, max_examples=100)
def test_any_prices_give_a_valid_bound(facts: Facts, request: Request, seed: object) -> None:
    """The check of a certificate trusts no solver: even made-up prices never undercount who can be seated."""
    problem = problem_of(context_of(facts, request))
    instants = problem.instants()
    prices = {
        (bit, instant): seed.randrange(UNIT)  # type: ignore[attr-defined]
        for bit in range(len(facts.plan.tables))
        for instant in instants
    }
    total = Fraction(most_seated(problem.parties, prices, tangled_bookings(problem.parties)), UNIT)
    if oracle.fewest_moves(facts, request) is not None:
        assert total >= len(problem.parties)


@given(facts=houses(), request=requests(), shuffler=st.randoms(use_true_random=False))
@settings(RELAXED, max_examples=100)
def test_the_order_of_tables_adjacencies_and_seatings_changes_nothing(
    facts: Facts, request: Request, shuffler: object
) -> None:
    plan = facts.plan
    tables, pairs, named = list(plan.tables), list(plan.adjacencies), list(plan.combinations)
    seatings = list(facts.seatings)
    for items in (tables, pairs, named, seatings):
        shuffler.shuffle(items)  # type: ignore[attr-defined]
    turned = [(other, one) for one, other in pairs]
    same = FloorPlan(tables=tables, adjacencies=turned, combinations=named)
    again = house(same, *seatings, policy=facts.policy, now=facts.now, blocks=facts.blocks)
    assert decide(again, request).as_json() == decide(facts, request).as_json()


@given(facts=houses(), request=requests())
@settings(RELAXED, max_examples=100)
def test_scores_lie_between_0_and_1_and_are_the_sum_of_their_parts(facts: Facts, request: Request) -> None:
    for plan in decide(facts, request).plans:
        assert 0 <= plan.score <= 1
        assert abs(sum(plan.breakdown.values()) - plan.score) < 1e-6


@given(facts=houses(), request=requests())
@settings(RELAXED, max_examples=150)
def test_every_table_is_either_free_to_the_party_or_has_a_reason_why_not(
    facts: Facts, request: Request
) -> None:
    decision = decide(facts, request, rungs=("direct",))
    rejected = {item.tables[0] for item in decision.rejections if len(item.tables) == 1}
    for item in facts.plan.tables:
        assert (item.id in rejected) == bool(oracle.problems(facts, request, (item.id,), {}))


@given(facts=houses(), request=requests())
@settings(RELAXED, max_examples=150)
def test_without_reseating_nobody_moves_and_a_refusal_is_no_proof_of_a_full_house(
    facts: Facts, request: Request
) -> None:
    decision = decide(facts, request, rungs=("direct",))
    free = [tables for tables in oracle.all_sets(facts) if not oracle.problems(facts, request, tables, {})]
    assert bool(decision.plans) == bool(free)
    assert decision.considered == len(free)
    assert not any(plan.moves for plan in decision.plans)
    assert decision.reason != Reason.NO_CAPACITY_AT_TIME

"""The decision ladder: direct fit, then a bound that may prove impossibility, then reseating.

Same facts, same request: the same decision, byte for byte, on any machine.
"""

from dataclasses import replace

from assignments.engine.bound import Bound, full_house
from assignments.engine.chains import Rearrangement
from assignments.engine.context import Context
from assignments.engine.facts import Facts, Request
from assignments.engine.occupancy import Occupancy
from assignments.engine.plans import Certificate, Decision, Move, Plan
from assignments.engine.problem import Problem, problem_of
from assignments.engine.reasons import Reason
from assignments.engine.rejections import rejected
from assignments.engine.reseat import Reseating, short_chains, solved
from assignments.engine.scoring import DIGITS, averages, lifting, scored
from assignments.engine.seating import Candidate, SeatingIndex, seating_index
from assignments.engine.strategies.reseat import with_moves

RUNGS = ("direct", "bound", "reseat")
PATIENCE = 10.0
"""Solver limit off the hot path, in deterministic time: ten seconds or so for each search."""
EXHAUSTIVE = Certificate(kind="exhaustive")


def decide(facts: Facts, request: Request, rungs: tuple[str, ...] = RUNGS) -> Decision:
    """The best ways to seat the request, or why there is none.

    With `rungs=("direct",)` no booking is moved and nothing is proven: a failure is then `no_assignment`
    without a certificate, unless the floor plan itself rules the party out.
    """
    context = context_of(facts, request)
    if "direct" in rungs and context.free:
        return _direct(context)
    reason = ruled_out(context)
    if reason:
        return _refused(context, reason=reason, certificate=EXHAUSTIVE, rung="rules")
    return _beyond_direct(context, rungs)


def decide_patiently(facts: Facts, request: Request) -> Decision:
    """Like `decide`, and what that leaves undecided is searched again with a limit for off the hot path."""
    decision = decide(facts, request)
    if decision.reason != Reason.UNDECIDED:
        return decision
    return decide(replace(facts, policy=replace(facts.policy, solver_limit=PATIENCE)), request)


def context_of(facts: Facts, request: Request) -> Context:
    """The request seen against the facts, with the floor plan's candidate sets."""
    index = seating_index(facts.plan, facts.policy.max_tables)
    return Context(facts, request, index, Occupancy(facts, index, request))


def refusal(context: Context) -> Decision:
    """The refusal of a policy that only looks at free sets and found none."""
    reason = ruled_out(context)
    if reason:
        return _refused(context, reason=reason, certificate=EXHAUSTIVE, rung="rules")
    return _refused(context, reason=Reason.NO_ASSIGNMENT, certificate=None, rung="direct")


def rated_plan(context: Context, candidate: Candidate, *, strategy: str) -> Plan:
    """The set as a plan without moves, rated like ours whoever chose it."""
    (rated,) = scored([candidate], context)
    return Plan(tables=candidate.tables, strategy=strategy, score=rated.score, breakdown=rated.breakdown)


def rearranged_plans(context: Context, *, most_moves: int) -> tuple[Plan, ...]:
    """The policy's number of best plans with 1 to `most_moves` moves, without asking a solver."""
    problem = problem_of(context)
    reseating = short_chains(problem, most_moves=most_moves)
    kept = reseating.found[: context.facts.policy.plans_kept] if reseating else ()
    return tuple(moving_plan(context, problem, item) for item in kept)


def _direct(context: Context) -> Decision:
    ranked = scored(context.free, context)
    average = averages(ranked)
    plans = tuple(
        Plan(
            tables=item.candidate.tables,
            strategy=lifting(item, average),
            score=item.score,
            breakdown=item.breakdown,
        )
        for item in ranked[: context.facts.policy.plans_kept]
    )
    rejections = rejected(context, joined=False)
    return Decision(plans=plans, considered=len(ranked), rejections=rejections)


def ruled_out(context: Context) -> Reason | None:
    """The reason when no table or set would do even in an empty house, or all that would are blocked."""
    facts, request = context.facts, context.request
    if not context.index.for_party(request.party_size, facts.policy.max_slack):
        return Reason.PARTY_TOO_LARGE if _too_large(context.index, request) else Reason.NO_ASSIGNMENT
    if not context.options:
        return Reason.ATTRIBUTE_UNMET
    blocked = context.occupancy.blocked_mask(context.window)
    return Reason.BLOCKED if all(item.mask & blocked for item in context.options) else None


def _too_large(index: SeatingIndex, request: Request) -> bool:
    """Whether no single table's limit and no set's capacity reaches the party."""
    singles = max(table.largest_party for table in index.tables)
    joined = max((item.capacity for item in index.candidates if item.joined), default=0)
    return request.party_size > max(singles, joined)


def _beyond_direct(context: Context, rungs: tuple[str, ...]) -> Decision:
    """What a chain of moves, the bound and the solver find, in this order: the cheap answers come first."""
    problem = problem_of(context)
    reseating = short_chains(problem) if "reseat" in rungs else None
    if reseating is None and "bound" in rungs:
        reseating = _proven(problem)
    if reseating is None and "reseat" in rungs:
        reseating = solved(problem, context.facts.policy.solver_limit)
    if reseating is None:
        return refusal(context)
    return _reseated(context, problem, reseating)


def _proven(problem: Problem) -> Reseating | None:
    bound = full_house(problem)
    return Reseating(verdict="impossible", bound=bound) if bound else None


def _certificate(context: Context, bound: Bound | None) -> Certificate:
    if bound is None:
        return EXHAUSTIVE
    tables = context.index.tables
    prices = tuple((tables[bit].id, instant.isoformat(), price) for bit, instant, price in bound.prices)
    return Certificate(kind="bound", value=bound.value, needed=bound.needed, prices=prices)


def _reseated(context: Context, problem: Problem, reseating: Reseating) -> Decision:
    if reseating.verdict == "impossible":
        certificate = _certificate(context, reseating.bound)
        rung = "bound" if reseating.bound else "reseat"
        return _refused(context, reason=Reason.NO_CAPACITY_AT_TIME, certificate=certificate, rung=rung)
    if reseating.verdict == "undecided":
        return _refused(context, reason=Reason.UNDECIDED, certificate=None, rung="reseat")
    kept = reseating.found[: context.facts.policy.plans_kept]
    return Decision(
        plans=tuple(moving_plan(context, problem, item) for item in kept),
        considered=len(reseating.found),
        rejections=rejected(context, joined=False),
        rung="reseat",
        detail={"fewest_moves_proven": reseating.fewest},
    )


def moving_plan(context: Context, problem: Problem, rearrangement: Rearrangement) -> Plan:
    (_, option), *moved = rearrangement.places
    candidate = next(item for item in context.options if item.mask == option.mask)
    (rated,) = scored([candidate], context)
    breakdown = with_moves(rated.breakdown, len(moved))
    ids = context.index.ids
    return Plan(
        tables=candidate.tables,
        strategy="reseat",
        score=round(sum(breakdown.values()), DIGITS),
        breakdown=breakdown,
        moves=tuple(
            Move(
                booking=problem.parties[place].booking,
                from_tables=ids(problem.parties[place].stay),
                to_tables=ids(target.mask),
            )
            for place, target in moved
        ),
    )


def _refused(context: Context, *, reason: Reason, certificate: Certificate | None, rung: str) -> Decision:
    rejections = rejected(context, joined=True)
    return Decision(reason=reason, certificate=certificate, rejections=rejections, rung=rung)

"""The yardstick of bench quality: at every arrival the whole evening is seated anew, moves regardless.

It obeys the same rules as everyone: locked, checked-in and frozen bookings stay. Of all seatings it takes one
with the least slack, so it is what reseating without any regard for moves gets out of the same arrivals.
"""

from assignments.engine.bound import tangled_bookings
from assignments.engine.decide import context_of, decide, moving_plan
from assignments.engine.facts import Facts, Request
from assignments.engine.plans import Decision
from assignments.engine.problem import problem_of
from assignments.engine.reseat import chosen_whole, seated


def full_reseat(facts: Facts, request: Request) -> Decision:
    """A seating of everyone with the least slack; the ladder decides where the relaxation is not whole."""
    # SciPy takes half a second to import.
    from assignments.engine.relaxation import relaxed_evening

    context = context_of(facts, request)
    problem = problem_of(context)
    if not all(party.options for party in problem.parties):
        return decide(facts, request)
    evening = relaxed_evening(problem, tangled_bookings(problem.parties), cost_of_move=0.0)
    chosen = chosen_whole(problem, evening) if evening else None
    if chosen is None:
        return decide(facts, request)
    (rearrangement,) = seated(problem, chosen, fewest=False).found
    return Decision(plans=(moving_plan(context, problem, rearrangement),), considered=1, rung="reseat")

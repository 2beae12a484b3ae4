"""The policies that a day can be planned with: two rules of the trade, the legacy planner and ours (v3).

The simple ones never move a booking and prove nothing: a failure is `no_assignment`, unless the floor plan
itself rules the party out.
"""

from collections.abc import Callable, Mapping

from assignments.engine.decide import context_of, decide_patiently, rated_plan, refusal
from assignments.engine.facts import Facts, Request
from assignments.engine.plans import Decision
from assignments.engine.rejections import rejected
from assignments.engine.seating import Candidate

Decide = Callable[[Facts, Request], Decision]
Choice = Callable[[Candidate], tuple[object, ...] | None]
"""Sort key of a free set, least first; None when the policy does not use such sets."""


def first_fit(facts: Facts, request: Request) -> Decision:
    """The first free table by id, or else the first free set of joined tables."""
    return _chosen("first_fit", facts, request, lambda item: (len(item.bits), item.bits))


def best_fit(facts: Facts, request: Request) -> Decision:
    """The free set that leaves the fewest seats empty, then the fewest tables, then by id."""
    return _chosen("best_fit", facts, request, lambda item: (item.capacity, len(item.bits), item.bits))


def legacy(facts: Facts, request: Request) -> Decision:
    """The old planner's quote: single tables first, then adjacent pairs, the smallest that fits."""
    return _chosen("legacy", facts, request, _quoted)


def _quoted(item: Candidate) -> tuple[object, ...] | None:
    return (len(item.bits), item.capacity, item.bits) if len(item.bits) <= 2 else None


def _chosen(name: str, facts: Facts, request: Request, choice: Choice) -> Decision:
    context = context_of(facts, request)
    ranked = [(key, item) for item in context.free if (key := choice(item)) is not None]
    if not ranked:
        return refusal(context)
    best = min(ranked, key=lambda pair: pair[0])[1]
    return Decision(
        plans=(rated_plan(context, best, strategy=name),),
        considered=len(ranked),
        rejections=rejected(context, joined=False),
    )


POLICIES: Mapping[str, Decide] = {
    "first_fit": first_fit,
    "best_fit": best_fit,
    "legacy": legacy,
    "v3": decide_patiently,
}

"""Zone preference: fill the zones in the house's order. A zone the guest asked for is a rule, not a taste."""

from collections.abc import Mapping

from assignments.engine.context import Context
from assignments.engine.seating import Candidate
from assignments.engine.strategies.base import Strategy


def rate(candidate: Candidate, context: Context, _carried: Mapping[str, float]) -> Mapping[str, float]:
    order = context.facts.policy.zone_order
    if candidate.zone not in order:
        return {"zone": 0.0 if order else 1.0}
    return {"zone": 1.0 - order.index(candidate.zone) / len(order)}


STRATEGY = Strategy(
    name="zone_preference",
    about="Zones are filled in the house's order.",
    parts={"zone": 1.0},
    rate=rate,
)

"""Historical success: a plan counts more if the strategies that speak for it succeeded in the last 7 days."""

from collections.abc import Mapping

from assignments.engine.context import Context
from assignments.engine.seating import Candidate
from assignments.engine.strategies.base import Strategy

UNTRIED = 1.0
"""A strategy without attempts is given the benefit of the doubt."""


def rate(_candidate: Candidate, context: Context, carried: Mapping[str, float]) -> Mapping[str, float]:
    total = sum(carried.values())
    if not total or not context.facts.success:
        return {"history": UNTRIED}
    rates = context.facts.success
    return {"history": sum(rates.get(name, UNTRIED) * share for name, share in carried.items()) / total}


STRATEGY = Strategy(
    name="historical_success",
    about="Plans carried by strategies that succeeded in the last 7 days come first.",
    parts={"history": 1.0},
    rate=rate,
)

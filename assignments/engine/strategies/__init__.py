"""The strategies that rate seatings, in an ordered registry. How to add one: docs/strategies.md."""

from collections.abc import Mapping

from assignments.engine.facts import Policy
from assignments.engine.refusals import FactsError
from assignments.engine.strategies import (
    adjacency,
    historical_success,
    load_balancing,
    optimal_fit,
    reseat,
    zone_preference,
)
from assignments.engine.strategies.base import Strategy

REGISTRY: Mapping[str, Strategy] = {
    strategy.name: strategy
    for strategy in (
        optimal_fit.STRATEGY,
        adjacency.STRATEGY,
        zone_preference.STRATEGY,
        load_balancing.STRATEGY,
        historical_success.STRATEGY,
        reseat.STRATEGY,
    )
}


def weighted(policy: Policy) -> tuple[tuple[Strategy, float], ...]:
    """The policy's strategies with their weights, in its order; raises FactsError for an unknown name."""
    unknown = [name for name, _ in policy.strategies if name not in REGISTRY]
    if unknown:
        message = f"unknown strategy {unknown[0]!r}; known are {', '.join(REGISTRY)}"
        raise FactsError(message, "policy", "strategies")
    return tuple((REGISTRY[name], weight) for name, weight in policy.strategies if weight > 0)

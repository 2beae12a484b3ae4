"""The shape of a strategy."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from assignments.engine.context import Context
from assignments.engine.seating import Candidate

Rate = Callable[[Candidate, Context, Mapping[str, float]], Mapping[str, float]]
"""`(set, context, carried) -> {component: value}`; `carried` is what the strategies before it contributed,
by strategy name. Every value lies in 0 to 1, 1 being best."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Strategy:
    """A named way to rate a seating. `parts` gives each component its share of the strategy's weight."""

    name: str
    about: str
    parts: Mapping[str, float]
    rate: Rate

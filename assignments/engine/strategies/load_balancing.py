"""Load balancing: guests, and so the work of the floor staff, are spread over the zones."""

from collections.abc import Mapping

from assignments.engine.context import Context
from assignments.engine.seating import Candidate
from assignments.engine.strategies.base import Strategy


def rate(candidate: Candidate, context: Context, _carried: Mapping[str, float]) -> Mapping[str, float]:
    return {"load": 1.0 - context.zone_load[candidate.zone]}


STRATEGY = Strategy(
    name="load_balancing",
    about="Zones with more free seats at that time come first.",
    parts={"load": 1.0},
    rate=rate,
)

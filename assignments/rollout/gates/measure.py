"""Which figure each gate of a policy is given."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from django.db import DatabaseError, transaction

from assignments.engine.gates.looks import Look
from assignments.engine.gates.rules import GateInput, GateRule
from assignments.rollout.gates import outcomes, people, service
from assignments.rollout.gates.seen import Seen
from observability.metrics.latency import Timing

Measure = Callable[[Seen], GateInput]

#: What a quantile is of, by the key of the gate.
QUANTILES: Mapping[str, Timing] = MappingProxyType(
    {"assignment_latency": Timing.RUN, "lock_wait": Timing.LOCK_WAIT}
)

#: The other figures, by the key of the gate. One that nobody measures is an error, not a pass.
MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        "minimum_time": people.minimum_time,
        "minimum_bookings": people.minimum_bookings,
        "minimum_restaurants": people.minimum_restaurants,
        "weekend_or_peak": people.weekend_or_peak,
        "confirmation_rate": outcomes.confirmation,
        "review_rate": outcomes.review,
        "error_rate": outcomes.errors,
        "final_states": outcomes.final_states,
        "transitions": outcomes.transitions,
        "shadow_coverage": outcomes.shadow_coverage,
        "shadow_success": outcomes.shadow_success,
        "candidate_errors": outcomes.candidate_errors,
        "unclassified": outcomes.unclassified,
        "confirmation_not_lower": outcomes.confirmation_before,
        "review_not_higher": outcomes.review_before,
        "error_not_higher": outcomes.errors_before,
        "lock_contention": service.lock_contention,
        "breaker": service.breaker,
        "database_latency": service.query_time,
        "database_connections": service.connections,
        "intake_latency": service.intake_time,
        "stuck_bookings": service.stuck,
        "duplicate_mails": service.repeated_mails,
        "alerts": service.alerts,
        "incidents": people.incidents,
        "complaints": people.complaints,
        "legacy_runs": people.legacy_runs,
        "everyone_on_v3": people.everyone_on_v3,
    }
)


def measure(rule: GateRule, seen: Seen, look: Look) -> GateInput:
    """What a gate is given at a look, to whose level a shown bound is.

    A figure that cannot be read becomes that gate's error and stops no other.
    """
    try:
        with transaction.atomic():
            return _read(rule, seen, look)
    except DatabaseError as error:
        return GateInput(age_seconds=0, error=f"not readable ({type(error).__name__})")


def _read(rule: GateRule, seen: Seen, look: Look) -> GateInput:
    if rule.key in QUANTILES:
        return service.quantile(rule, seen, QUANTILES[rule.key], look)
    if rule.key in MEASURES:
        return MEASURES[rule.key](seen)
    return GateInput(age_seconds=0, error=f"nobody measures {rule.key!r}")

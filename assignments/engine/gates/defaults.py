"""The default policy: the rollout's table of phases, written as data."""

from dataclasses import replace
from fractions import Fraction

from assignments.engine.flags import BUCKETS
from assignments.engine.gates import default_gates as gates
from assignments.engine.gates.guard import GuardRules, RateWatch
from assignments.engine.gates.policy import (
    LEGACY,
    RESTAURANTS,
    VERSION,
    Environment,
    Exposure,
    Phase,
    Policy,
    Ramp,
    Signer,
)
from assignments.engine.gates.rules import Extent, GateRule

_HOUR = 3600
_DAY = 24 * _HOUR

#: Production's first phase needs staging's evidence, imported and verified.
STAGING_EVIDENCE = "staging_evidence"

_STAGING = (Signer.QA_LEAD, Signer.ENGINEERING_LEAD)
_PRODUCTION = (Signer.ON_CALL, Signer.PRODUCT_OWNER)


def _live_guard(*, review: str = "0.1") -> GuardRules:
    return GuardRules(
        watches=(
            RateWatch(key="review_rate", title="Manual review", null=Fraction(review)),
            RateWatch(key="error_rate", title="Coordinator errors", null=Fraction("0.01")),
        )
    )


def _shadow_guard() -> GuardRules:
    """In shadow nobody is seated by V3; what may go wrong is that it errs or slows the rest."""
    return GuardRules(
        watches=(
            RateWatch(key="candidate_errors", title="Errors of the shadow planner", null=Fraction("0.01")),
        )
    )


def _minimum(*, seconds: int, bookings: int = 0) -> Extent:
    return Extent(seconds=seconds, bookings=bookings, restaurants=RESTAURANTS)


def _local_test() -> Phase:
    """Somebody tries it out; nobody signs."""
    return Phase(
        key="local_test",
        title="Local test",
        environment=Environment.LOCAL,
        exposure=Exposure(v3_share=BUCKETS),
        minimum=Extent(),
        signers=(),
        rollback_target=LEGACY,
        gates=gates.clean_state(),
        guard=_live_guard(),
    )


def _shadow_phase(
    environment: Environment, minimum: Extent, signers: tuple[Signer, ...], *extra: GateRule
) -> Phase:
    return Phase(
        key=f"{environment}_shadow",
        title=f"{environment.capitalize()} shadow",
        environment=environment,
        exposure=Exposure(shadow=True),
        minimum=minimum,
        signers=signers,
        rollback_target=LEGACY,
        gates=(*gates.minimums(minimum), *gates.shadow(minimum), *gates.operations(minimum), *extra),
        guard=_shadow_guard(),
    )


def _staging_full() -> Phase:
    minimum = _minimum(seconds=2 * _DAY, bookings=100)
    return Phase(
        key="staging_full",
        title="Staging full",
        environment=Environment.STAGING,
        exposure=Exposure(v3_share=BUCKETS),
        minimum=minimum,
        signers=_STAGING,
        rollback_target="staging_shadow",
        gates=(
            *gates.minimums(minimum),
            *gates.outcomes(minimum, confirmed="0.95", review="0.1"),
            *gates.operations(minimum),
        ),
        guard=_live_guard(),
    )


def _production_part(percent: int, *, rollback_target: str, extra: tuple[GateRule, ...] = ()) -> Phase:
    """V3 for a part of production's restaurants."""
    minimum = _minimum(seconds=_DAY)
    return Phase(
        key=f"production_{percent}",
        title=f"Production {percent} %",
        environment=Environment.PRODUCTION,
        exposure=Exposure(v3_share=BUCKETS * percent // 100),
        minimum=minimum,
        signers=_PRODUCTION,
        rollback_target=rollback_target,
        gates=(*_production_gates(minimum, confirmed="0.95", review="0.1"), *extra),
        guard=_live_guard(),
    )


def _production_all() -> Phase:
    minimum = _minimum(seconds=7 * _DAY)
    return Phase(
        key="production_100",
        title="Production 100 %",
        environment=Environment.PRODUCTION,
        exposure=Exposure(v3_share=BUCKETS),
        minimum=minimum,
        signers=(Signer.MANAGER, Signer.PRODUCT_OWNER),
        rollback_target="production_50",
        gates=(
            *_production_gates(minimum, confirmed="0.97", review="0.01"),
            *gates.not_worse(minimum),
        ),
        guard=_live_guard(review="0.01"),
    )


def _production_gates(minimum: Extent, *, confirmed: str, review: str) -> tuple[GateRule, ...]:
    return (
        *gates.minimums(minimum),
        *gates.outcomes(minimum, confirmed=confirmed, review=review),
        *gates.operations(minimum),
        gates.complaints(),
    )


def _legacy_cleanup() -> Phase:
    """Everybody on V3 for a week without one legacy run; then the old path may go."""
    minimum = Extent(seconds=7 * _DAY)
    return Phase(
        key="legacy_cleanup",
        title="Legacy clean-up",
        environment=Environment.PRODUCTION,
        exposure=Exposure(v3_share=BUCKETS, legacy_removed=True),
        minimum=minimum,
        signers=(Signer.MANAGER,),
        # All of production is on V3 there too: back to it would take nobody off.
        rollback_target="production_50",
        gates=(
            *gates.minimums(minimum),
            *gates.legacy_gone(),
            *gates.clean_state(),
            *gates.operations(minimum),
        ),
        guard=_live_guard(review="0.01"),
    )


def default_policy() -> Policy:
    """The rollout's phases in order, with the default thresholds."""
    day = _minimum(seconds=_DAY)
    production_shadow = _shadow_phase(
        Environment.PRODUCTION, day, _PRODUCTION, gates.complaints(), gates.weekend_or_peak()
    )
    return Policy(
        version=VERSION,
        phases=(
            _local_test(),
            _shadow_phase(Environment.STAGING, replace(day, bookings=100), _STAGING),
            _staging_full(),
            replace(production_shadow, entrance=(STAGING_EVIDENCE,)),
            _production_part(10, rollback_target="production_shadow"),
            _production_part(50, rollback_target="production_10", extra=gates.not_worse(day)),
            _production_all(),
            _legacy_cleanup(),
        ),
        ramp=Ramp(start=3, most=10, step=1, soak=gates.soak()),
    )

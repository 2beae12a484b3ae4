"""The phases of the rollout: what each switches on, how long it lasts at least and who signs it off.

A view of the default policy (`gates.defaults`), where these facts stand; thresholds of the gates are
versions of a policy, kept in the database.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from assignments.engine.flags import BUCKETS
from assignments.engine.gates import policy
from assignments.engine.gates.defaults import default_policy
from assignments.engine.gates.policy import Signer

#: In which capacity somebody signs: the names of the groups that hold the right.
Role = Signer


class PhaseKey(StrEnum):
    """The phases in the order in which they are gone through; none may be skipped."""

    LOCAL_TEST = "local_test"
    STAGING_SHADOW = "staging_shadow"
    STAGING_FULL = "staging_full"
    PRODUCTION_SHADOW = "production_shadow"
    PRODUCTION_10 = "production_10"
    PRODUCTION_50 = "production_50"
    PRODUCTION_100 = "production_100"
    LEGACY_CLEANUP = "legacy_cleanup"


@dataclass(frozen=True, kw_only=True, slots=True)
class Phase:
    """One phase: `percentage` of restaurants on V3 (0 is none), hours and bookings it needs at least.

    `signers` must all sign to leave it forwards. `rollback_to` is where it goes when it goes wrong;
    None is legacy alone.
    """

    key: PhaseKey
    title: str
    environment: str
    percentage: int
    shadow: bool
    hours: int
    bookings: int
    signers: frozenset[Role]
    rollback_to: PhaseKey | None


def _seen(phase: policy.Phase) -> Phase:
    back = phase.rollback_target
    return Phase(
        key=PhaseKey(phase.key),
        title=phase.title,
        environment=phase.environment.value,
        percentage=phase.exposure.v3_share * 100 // BUCKETS,
        shadow=phase.exposure.shadow,
        hours=phase.minimum.seconds // 3600,
        bookings=phase.minimum.bookings,
        signers=frozenset(phase.signers),
        rollback_to=None if back == policy.LEGACY else PhaseKey(back),
    )


PHASES: Mapping[PhaseKey, Phase] = MappingProxyType(
    {PhaseKey(phase.key): _seen(phase) for phase in default_policy().phases}
)


def following(key: PhaseKey) -> PhaseKey | None:
    """The next phase, or None after the last."""
    order = list(PHASES)
    place = order.index(key) + 1
    return order[place] if place < len(order) else None

"""The default rollout: its phases in order, and what each demands. Data, versioned and frozen by digest.

A phase's thresholds are frozen when it starts: `frozen` fits the floors to the cohort, `digest` names the
outcome. Success criteria are the verification sheet's, for all restaurants of production the runbook's.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction

from assignments.engine.gates.canonical import digest
from assignments.engine.gates.guard import GuardRules
from assignments.engine.gates.records import dump
from assignments.engine.gates.rules import Extent, GateRule

#: Raised whenever a default below changes.
VERSION = 1

#: Rolling back to no phase at all: every flag off.
LEGACY = "legacy"

#: How many restaurants a verdict needs, where the cohort has as many.
RESTAURANTS = 5


class Environment(StrEnum):
    """Where a deployment runs."""

    LOCAL = "local"
    STAGING = "staging"
    PRODUCTION = "production"


class Signer(StrEnum):
    """The roles that sign; each names the group of that name."""

    QA_LEAD = "QA lead"
    ENGINEERING_LEAD = "engineering lead"
    ON_CALL = "on-call engineer"
    PRODUCT_OWNER = "product owner"
    MANAGER = "engineering manager"


@dataclass(frozen=True, kw_only=True, slots=True)
class Exposure:
    """The flags that entering a phase sets: V3 for `v3_share` of 10,000 buckets of restaurants, or shadow."""

    v3_share: int = 0
    shadow: bool = False
    legacy_removed: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Phase:
    """One phase. `entrance` are conditions of entering it that are no gates of the one before.

    `proven_reviews` says whether reviews that carry a proof count in the gates, as they do by default.
    """

    key: str
    title: str
    environment: Environment
    exposure: Exposure
    minimum: Extent
    signers: tuple[Signer, ...]
    rollback_target: str
    gates: tuple[GateRule, ...]
    guard: GuardRules
    entrance: tuple[str, ...] = ()
    proven_reviews: bool = True

    def gate(self, key: str) -> GateRule:
        """The gate of that key. Raises KeyError, naming those there are."""
        found = next((gate for gate in self.gates if gate.key == key), None)
        if found is None:
            raise KeyError(f"{self.key} has no gate {key!r}; it has {', '.join(g.key for g in self.gates)}.")
        return found

    def frozen(self, *, cohort: int) -> "Phase":
        """This phase for a cohort of so many restaurants: no floor asks for more than there are."""
        return replace(
            self, minimum=_fitted(self.minimum, cohort), gates=tuple(_capped(g, cohort) for g in self.gates)
        )

    def digest(self) -> str:
        """What signatures bind to: SHA-256 of all that this phase demands."""
        return digest(dump(self))


@dataclass(frozen=True, kw_only=True, slots=True)
class Ramp:
    """Concurrent runs per restaurant: from `start` by at most `step` to `most`, each after a soak whose
    confirmation rate passes `soak`."""

    start: int
    most: int
    step: int
    soak: GateRule


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """All phases in their order. No skipping."""

    version: int
    phases: tuple[Phase, ...]
    ramp: Ramp

    def phase(self, key: str) -> Phase:
        """The phase of that key. Raises KeyError, naming those there are."""
        found = next((phase for phase in self.phases if phase.key == key), None)
        if found is None:
            raise KeyError(f"There is no phase {key!r}; there are {', '.join(p.key for p in self.phases)}.")
        return found

    def after(self, key: str) -> Phase | None:
        """The phase that follows; None after the last."""
        place = self.phases.index(self.phase(key)) + 1
        return self.phases[place] if place < len(self.phases) else None

    def in_environment(self, environment: Environment) -> tuple[Phase, ...]:
        """The phases that may be entered there: its own, and locally all, for rehearsal."""
        if environment is Environment.LOCAL:
            return self.phases
        return tuple(phase for phase in self.phases if phase.environment is environment)

    def digest(self) -> str:
        """SHA-256 of the whole policy."""
        return digest(dump(self))


def _fitted(extent: Extent, cohort: int) -> Extent:
    return replace(extent, restaurants=min(extent.restaurants, cohort))


def _capped(gate: GateRule, cohort: int) -> GateRule:
    floors = _fitted(gate.floors, cohort)
    if gate.key == "minimum_restaurants":
        return replace(gate, floors=floors, threshold=min(gate.threshold, Fraction(cohort)))
    return replace(gate, floors=floors)

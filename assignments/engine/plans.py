"""What a decision consists of: plans, moves, certificates. All of it can be stored as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from assignments.engine.ids import Id
from assignments.engine.reasons import SENTENCES, Reason
from assignments.engine.rejections import Rejection

Proof = Literal["bound", "exhaustive"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """A seated booking that gives up its tables for others."""

    booking: Id
    from_tables: tuple[Id, ...]
    to_tables: tuple[Id, ...]

    def as_json(self) -> dict[str, Any]:
        """`{booking, from, to}`, as in the result of plan_day."""
        return {"booking": self.booking, "from": list(self.from_tables), "to": list(self.to_tables)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """One way to seat the booking. `score` lies in 0 to 1, 1 best; `breakdown` by component sums to it."""

    tables: tuple[Id, ...]
    strategy: str
    score: float
    breakdown: Mapping[str, float]
    moves: tuple[Move, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "tables": list(self.tables),
            "strategy": self.strategy,
            "score": round(self.score, 6),
            "breakdown": {name: round(value, 6) for name, value in self.breakdown.items()},
            "moves": [move.as_json() for move in self.moves],
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Certificate:
    """What proves that no seating exists.

    `bound`: of the `needed` bookings (this one and all that may move) at most `value` can be seated at once,
    shown by `prices`: (table, instant as ISO text, price). See assignments.engine.bound for the check.
    `exhaustive`: all seatings were searched.
    """

    kind: Proof
    value: float | None = None
    needed: int | None = None
    prices: tuple[tuple[Id, str, float], ...] = ()

    def as_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {"kind": self.kind}
        if self.kind == "bound":
            found |= {
                "value": self.value,
                "needed": self.needed,
                "prices": [list(row) for row in self.prices],
            }
        return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """Ranked plans, best first, or a reason with its evidence.

    `considered` counts the legal free sets (and, after reseating, the rearrangements) that were compared;
    `plans` keeps the first few. `rejections` tells for every table why not. `rung` names the ladder's step
    that decided: direct, bound, reseat, or rules when no set of the floor plan suits the party at all.
    """

    plans: tuple[Plan, ...] = ()
    reason: Reason | None = None
    certificate: Certificate | None = None
    rejections: tuple[Rejection, ...] = ()
    considered: int = 0
    rung: str = "direct"
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def plan(self) -> Plan | None:
        """The best plan."""
        return self.plans[0] if self.plans else None

    @property
    def proven(self) -> bool:
        """Whether the refusal carries a proof, so that trying again with the same facts cannot help."""
        return self.certificate is not None

    def as_json(self) -> dict[str, Any]:
        """The whole decision, for attempt metadata; keys are stable, order is deterministic."""
        return {
            "rung": self.rung,
            "reason": self.reason.value if self.reason else None,
            "sentence": SENTENCES[self.reason] if self.reason else None,
            "certificate": self.certificate.as_json() if self.certificate else None,
            "considered": self.considered,
            "plans": [plan.as_json() for plan in self.plans],
            "rejections": [item.as_json() for item in self.rejections],
            "detail": dict(self.detail),
        }

"""What the engine knows when it decides: immutable value objects, checked on construction."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from assignments.engine.floor_plan import FloorPlan
from assignments.engine.ids import Id, in_order
from assignments.engine.periods import Period, as_utc
from assignments.engine.refusals import FactsError

OVERSTAY = timedelta(minutes=15)
"""A checked-in party past its end keeps its tables until now plus this, moving on."""

MAX_SLACK = 4
MAX_TABLES = 3
BUFFER = timedelta(minutes=5)
FREEZE = timedelta(minutes=120)


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """A table out of service."""

    table: Id
    period: Period


@dataclass(frozen=True, kw_only=True, slots=True)
class Seating:
    """A booking that holds tables; its period is without the buffer."""

    booking: Id
    party_size: int
    tables: tuple[Id, ...]
    period: Period
    zone: str | None = None
    requires: frozenset[str] = frozenset()
    locked: bool = False
    checked_in: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "tables", in_order(self.tables))

    def occupied(self, buffer: timedelta, now: datetime) -> Period:
        """Start to end plus buffer; a checked-in party past its end stays until now + 15 min at least."""
        until = self.period.end + buffer
        if self.checked_in and self.period.end <= now:
            until = max(until, now + OVERSTAY)
        return Period(start=self.period.start, end=until)

    def may_move(self, freeze: timedelta, now: datetime) -> bool:
        """Never when locked or checked in, nor with less than `freeze` left to the start."""
        return not (self.locked or self.checked_in) and self.period.start - now >= freeze


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """The booking that wants a seating. Its own seating among the facts, if any, is ignored."""

    booking: Id
    party_size: int
    period: Period
    zone: str | None = None
    requires: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.party_size < 1:
            message = f"party size {self.party_size} is not positive"
            raise FactsError(message, "party_size")


DEFAULT_STRATEGIES: tuple[tuple[str, float], ...] = (
    ("optimal_fit", 1.0),
    ("adjacency", 0.08),
    ("zone_preference", 0.05),
    ("load_balancing", 0.02),
    ("historical_success", 0.02),
    ("reseat", 0.5),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """A restaurant's rules and tastes.

    `strategies` gives order and weight (0 or more) by registered name. `zone_order` lists zones the house
    fills first. `solver_limit` is deterministic solver time (not seconds of a clock), so that a limit cuts
    at the same point on every machine: a tenth of a second or so, for the hot path; what stays undecided
    then is searched again off it (`decide_patiently`).
    """

    buffer: timedelta = BUFFER
    max_slack: int = MAX_SLACK
    max_tables: int = MAX_TABLES
    freeze: timedelta = FREEZE
    strategies: tuple[tuple[str, float], ...] = DEFAULT_STRATEGIES
    zone_order: tuple[str, ...] = ()
    solver_limit: float = 0.04
    plans_kept: int = 5

    def __post_init__(self) -> None:
        for name, least in (("max_slack", 0), ("max_tables", 1), ("plans_kept", 1)):
            if getattr(self, name) < least:
                message = f"{getattr(self, name)} is below {least}"
                raise FactsError(message, "policy", name)
        for name in ("buffer", "freeze"):
            if getattr(self, name) < timedelta(0):
                message = f"{getattr(self, name)} is negative"
                raise FactsError(message, "policy", name)
        for strategy, weight in self.strategies:
            if weight < 0:
                message = f"weight {weight} of {strategy} is negative"
                raise FactsError(message, "policy", "strategies")


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """Everything a decision depends on, frozen at `now`.

    `demand`: expected bookings still to come by party size (any positive scale); empty means the published
    mix of party sizes. `success`: share of successful attempts over 7 days by strategy name, 0 to 1.
    Seatings and blocks may name tables that have left the floor plan: these hold nothing in it.
    """

    plan: FloorPlan
    policy: Policy
    now: datetime
    seatings: tuple[Seating, ...] = ()
    blocks: tuple[Block, ...] = ()
    demand: Mapping[int, float] = field(default_factory=dict)
    success: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "now", as_utc(self.now, "now"))

"""What a legacy run came to, with the facts it saw: all that a shadow run needs to know of it."""

from dataclasses import dataclass

from assignments.engine.facts import Facts, Request
from assignments.engine.plans import Plan
from assignments.engine.reasons import Reason
from assignments.outcomes import Outcome
from bookings.state_machine import Position


@dataclass(frozen=True, kw_only=True, slots=True)
class Frozen:
    """The facts of one attempt and what was asked of them."""

    facts: Facts
    request: Request


@dataclass(frozen=True, kw_only=True, slots=True)
class Deciding:
    """The attempt that made a booking final.

    `position` is where the booking stood before, `plan` what was carried out, `reason` why nothing
    could be. `frozen` is None if no table was looked for; `refused` tells that the house's own rules
    said so before any planner was asked.
    """

    position: Position
    flag_version: int | None
    frozen: Frozen | None
    plan: Plan | None
    reason: Reason | None
    refused: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Processed:
    """An outcome; `deciding` is there if it is final and V3 is to be compared with it."""

    outcome: Outcome
    deciding: Deciding | None = None

"""Why a decision, a transition or an event failed: one code and one plain sentence each.

The codes are those of the state machine's typed reasons; a coarse state drives logic, a reason explains it.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Reason(StrEnum):
    """A typed reason code, as stored in history, attempts, events and results."""

    PARTY_TOO_LARGE = "party_too_large"
    NO_CAPACITY_AT_TIME = "no_capacity_at_time"
    PACING = "pacing"
    BLOCKED = "blocked"
    ATTRIBUTE_UNMET = "attribute_unmet"
    OUTSIDE_SERVICE = "outside_service"
    TOO_CLOSE_TO_START = "too_close_to_start"
    ATTEMPTS_EXHAUSTED = "attempts_exhausted"
    POISONED = "poisoned"
    UNDECIDED = "undecided"
    NO_ASSIGNMENT = "no_assignment"
    RATE_LIMITED = "rate_limited"
    LOCK_CONTENTION = "lock_contention"
    CIRCUIT_OPEN = "circuit_open"
    ALLOCATION_LOST = "allocation_lost"
    ERROR = "error"
    BOOKING_CHANGED = "booking_changed"
    TABLE_WITHDRAWN = "table_withdrawn"
    STAFF = "staff"


SENTENCES: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.PARTY_TOO_LARGE: (
            "The party is larger than the house seats without a person, or than any table or combination."
        ),
        Reason.NO_CAPACITY_AT_TIME: (
            "No table is left at this time, even if every booking that may move were moved."
        ),
        Reason.PACING: "The kitchen's limit of covers for this interval is reached.",
        Reason.BLOCKED: "Every table that suits this party is out of service at this time.",
        Reason.ATTRIBUTE_UNMET: (
            "No table that takes this party is in the wanted zone and has everything that was asked for."
        ),
        Reason.OUTSIDE_SERVICE: "The restaurant does not serve at this time.",
        Reason.TOO_CLOSE_TO_START: "The booking starts too soon to be planned automatically.",
        Reason.ATTEMPTS_EXHAUSTED: "All attempts of this cycle failed.",
        Reason.POISONED: "Planning this booking ended its worker more than once.",
        Reason.UNDECIDED: (
            "The search reached its limit and found neither a seating nor a proof that there is none."
        ),
        Reason.NO_ASSIGNMENT: "The rules that were tried give this party no table.",
        Reason.RATE_LIMITED: "The restaurant's limit of simultaneous runs is reached.",
        Reason.LOCK_CONTENTION: "Another run is working on this booking.",
        Reason.CIRCUIT_OPEN: "Planning is paused after repeated errors.",
        Reason.ALLOCATION_LOST: "The planned table was taken by another booking in the meantime.",
        Reason.ERROR: "An unexpected error stopped the run.",
        Reason.BOOKING_CHANGED: "The booking was changed and needs a new plan.",
        Reason.TABLE_WITHDRAWN: "A table of this booking was taken out of use.",
        Reason.STAFF: "A member of staff decided this.",
    }
)

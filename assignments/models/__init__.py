"""How bookings are placed: attempts and the slots that bound concurrent runs."""

from assignments.models.attempt import Attempt, AttemptResult
from assignments.models.slot import MAX_SLOTS, Slot

__all__ = ["MAX_SLOTS", "Attempt", "AttemptResult", "Slot"]

"""The coordinator: takes one booking through its states to a table, or to people."""

from assignments.coordinator.outcomes import Confirmed, ManualReview, Noop, Outcome, Retry
from assignments.coordinator.run import process_booking

__all__ = ["Confirmed", "ManualReview", "Noop", "Outcome", "Retry", "process_booking"]

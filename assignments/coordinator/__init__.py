"""The coordinator: takes one booking through its states to a table, or to people."""

from assignments.coordinator.run import process_booking
from assignments.outcomes import Confirmed, ManualReview, Noop, Outcome, Retry

__all__ = ["Confirmed", "ManualReview", "Noop", "Outcome", "Retry", "process_booking"]

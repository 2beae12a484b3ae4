"""The coordinator's outcomes are those of every path."""

from assignments.outcomes import Confirmed, ManualReview, Noop, Outcome, Retry

__all__ = ["Confirmed", "ManualReview", "Noop", "Outcome", "Retry"]

"""How long the legacy planner goes on: its delays, its attempts and its cut-off (pipeline, section 6)."""

from datetime import datetime, timedelta

from assignments.engine.reasons import Reason

#: Waits after the first, second and third failed attempt; the fourth is the last.
RETRY_DELAYS = (timedelta(seconds=5), timedelta(seconds=15), timedelta(seconds=45))
MAX_ATTEMPTS = len(RETRY_DELAYS) + 1

#: No retry is made so close to the start.
CUTOFF = timedelta(minutes=10)

#: How long an attempt may take before another worker may start the next one.
LEASE = timedelta(seconds=10)

#: Attempts lost with their worker, in a row, before the booking is held to be what kills it.
MAX_LOST = 3

RESULTS = {Reason.TOO_CLOSE_TO_START: "cutoff", Reason.POISONED: "error"}


def give_up_reason(cause: Reason, *, attempts: int, start: datetime, now: datetime) -> Reason | None:
    """The reason for manual review after `attempts` failed ones, or None if another is to be made."""
    if cause == Reason.POISONED:
        return cause
    if attempts >= MAX_ATTEMPTS:
        return Reason.ATTEMPTS_EXHAUSTED
    if start - now - RETRY_DELAYS[attempts - 1] < CUTOFF:
        return Reason.TOO_CLOSE_TO_START
    return None


def summary_result(verdict: Reason, cause: Reason) -> str:
    """The documented `result` of a summary whose booking went to people."""
    return "error" if cause == Reason.ERROR else RESULTS.get(verdict, "exhausted")

"""When a failed attempt is tried again, and when people take over."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from assignments.engine.reasons import Reason

#: Attempts of one cycle; a cycle ends when the booking gets final.
MAX_ATTEMPTS = 5

#: Attempts lost with their worker before the booking is held to be what kills it.
MAX_LOST = 3

#: So close to the start only people can still help.
CUTOFF = timedelta(minutes=10)

LONGEST_DELAY = timedelta(seconds=30)

#: A booking whose claim itself failed asks again after this; not counted as an attempt.
CLAIM_ERROR_DELAY = timedelta(seconds=5)

#: Trigger of the attempt after an undecided one: planned again with time enough.
THOROUGH = "thorough"

#: A booking that found no permit asks again after this; not counted as an attempt.
NO_PERMIT_DELAY = timedelta(seconds=2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """A failed attempt: why, whether trying again cannot help, and how many of the cycle there were."""

    reason: Reason
    proven: bool
    attempts: int
    thorough: bool = False


def backoff(attempts: int, jitter: float) -> timedelta:
    """min(30 s, 1 s · 2^n + jitter), n being the failed attempts before this one, jitter in [0, 1) s."""
    return min(LONGEST_DELAY, timedelta(seconds=2 ** (attempts - 1) + jitter))


def next_delay(failure: Failure, jitter: float) -> timedelta:
    """How long to wait for the next attempt: none where the solver was only cut short."""
    return timedelta(0) if failure.reason == Reason.UNDECIDED else backoff(failure.attempts, jitter)


def give_up_reason(failure: Failure, *, start: datetime, now: datetime) -> Reason | None:
    """The reason for manual review, or None if another attempt may help."""
    if failure.proven or (failure.reason == Reason.UNDECIDED and failure.thorough):
        return failure.reason
    if start - now < CUTOFF:
        return Reason.TOO_CLOSE_TO_START
    if failure.attempts >= MAX_ATTEMPTS:
        return Reason.ATTEMPTS_EXHAUSTED
    return None

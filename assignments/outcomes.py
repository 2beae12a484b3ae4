"""What one run came to, on whatever path it went."""

from dataclasses import dataclass
from datetime import timedelta

from assignments.engine.reasons import Reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Confirmed:
    """The booking has its tables and is confirmed."""

    strategy: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Retry:
    """Another run is enqueued, after `delay`."""

    reason: Reason
    delay: timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class ManualReview:
    """People decide; trying again by itself cannot help."""

    reason: Reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Noop:
    """Nothing was to do, or another worker does it."""

    reason: str


Outcome = Confirmed | Retry | ManualReview | Noop

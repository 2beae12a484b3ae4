"""The rules, as data: what is watched, from which value it is an alert, and for how long.

A rule fires after its value has been past the threshold at each look for `fires_after`. It is resolved
after the value has been on the good side of `good`, a little better than the threshold, for
`resolves_after`: what lies between keeps the alert as it is, so that a value at the threshold fires once.
Shares are from 0 to 1, times in seconds. Defaults are the rollout's (docs/alerts.md).
"""

from dataclasses import dataclass
from datetime import timedelta

from observability.models import Priority

#: How often rules are looked at. Clocks start anew if nobody looked for as long as MOST_APART.
EVERY = timedelta(seconds=15)
MOST_APART = timedelta(minutes=2)

#: A share of fewer bookings or runs than these says nothing.
MINIMUM = 20

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One rule; `minimum` is the smallest sample that its value may come from, of those it counts.

    `span` is how far back the value looks, where it does. `below` tells that small values are the bad
    ones; otherwise values above the threshold are.
    """

    key: str
    title: str
    priority: Priority
    threshold: float
    good: float
    unit: str
    below: bool = False
    span: timedelta = timedelta(0)
    fires_after: timedelta = timedelta(0)
    resolves_after: timedelta = 2 * _MINUTE
    minimum: int = 0

    def is_bad(self, value: float) -> bool:
        return value < self.threshold if self.below else value > self.threshold

    def is_good(self, value: float) -> bool:
        return value >= self.good if self.below else value <= self.good


CONFIRMATION_LOW = Rule(
    key="confirmation_low",
    title="Too few bookings are confirmed",
    priority=Priority.P1,
    threshold=0.90,
    good=0.92,
    unit="%",
    below=True,
    span=10 * _MINUTE,
    fires_after=10 * _MINUTE,
    resolves_after=5 * _MINUTE,
    minimum=MINIMUM,
)
ERRORS_HIGH = Rule(
    key="errors_high",
    title="The coordinator fails on too many bookings",
    priority=Priority.P1,
    threshold=0.05,
    good=0.04,
    unit="%",
    span=10 * _MINUTE,
    fires_after=10 * _MINUTE,
    resolves_after=5 * _MINUTE,
    minimum=MINIMUM,
)
REVIEW_HIGH = Rule(
    key="review_high",
    title="Too many bookings need a person",
    priority=Priority.P2,
    threshold=0.20,
    good=0.18,
    unit="%",
    # A day back from now: a calendar day begins with a handful of bookings, and each time zone at its own.
    span=timedelta(days=1),
    resolves_after=5 * _MINUTE,
    minimum=MINIMUM,
)
BREAKER_OPEN = Rule(
    key="breaker_open",
    title="The circuit breaker stays open",
    priority=Priority.P1,
    threshold=300,
    good=0,
    unit="s",
)
STUCK = Rule(
    key="stuck",
    title="Bookings do not move",
    priority=Priority.P1,
    # Each has stood still for ten minutes already (metrics.backlog.STUCK_AFTER).
    threshold=0,
    good=0,
    unit="bookings",
)
LATENCY_HIGH = Rule(
    key="latency_high",
    title="Assignment is slow",
    priority=Priority.P2,
    threshold=5_000,
    good=4_500,
    unit="ms",
    span=15 * _MINUTE,
    fires_after=15 * _MINUTE,
    resolves_after=5 * _MINUTE,
    minimum=MINIMUM,
)
CLUSTER_STALLED = Rule(
    key="cluster_stalled",
    title="The workers take no tasks",
    priority=Priority.P1,
    threshold=60,
    good=15,
    unit="s",
)
OUTBOX_UNKNOWN = Rule(
    key="outbox_unknown",
    title="Nobody knows whether mails arrived",
    priority=Priority.P2,
    threshold=0,
    good=0,
    unit="mails",
)
EVENTS_STALE = Rule(
    key="events_stale",
    title="Events or their counts are missing",
    priority=Priority.P2,
    threshold=600,
    good=60,
    unit="s",
)

ROLLED_BACK = Rule(
    key="rolled_back",
    title="The rollout was rolled back",
    priority=Priority.P1,
    threshold=0,
    good=0,
    unit="rollbacks",
    # As long as runs on the flags of before are looked out for (assignments.rollout.rollback.WATCHED).
    span=30 * _MINUTE,
)
SIGN_INS_LOCKED = Rule(
    key="sign_ins_locked",
    title="Many sign-ins are locked",
    priority=Priority.P2,
    # Who forgot a password and goes on is locked twice in this time (SIGN_IN_LOCK_MINUTES is 15).
    threshold=2,
    good=0,
    unit="lockouts",
    span=30 * _MINUTE,
)

RULES = (
    CONFIRMATION_LOW,
    ERRORS_HIGH,
    REVIEW_HIGH,
    BREAKER_OPEN,
    STUCK,
    LATENCY_HIGH,
    CLUSTER_STALLED,
    OUTBOX_UNKNOWN,
    EVENTS_STALE,
    ROLLED_BACK,
    SIGN_INS_LOCKED,
)
BY_KEY = {rule.key: rule for rule in RULES}


def title_of(key: str) -> str:
    """What a rule says, also one that is no longer among the rules."""
    return BY_KEY[key].title if key in BY_KEY else key.replace("_", " ").capitalize()

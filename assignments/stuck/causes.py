"""Finds stuck bookings and tells why each is stuck. What is late is decided by the database's clock.

The sweeper dates `next_attempt_at` ahead each time it enqueues a booking anew, so it cannot tell for how long
a task has been missing; the latest that a retry may have been due after the last move can.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from django.db import connection

from assignments.coordinator.retry_policy import LONGEST_DELAY
from assignments.sweeper import OVERDUE_AFTER
from bookings.states import State
from observability.metrics.backlog import STUCK_AFTER
from observability.scope import Scope

#: Most bookings listed of one cause, those stuck longest first.
MOST = 100


class Cause(StrEnum):
    """Why a booking is stuck."""

    EXPIRED_LEASE = "expired_lease"
    MISSED_RETRY = "missed_retry"
    NEVER_ENQUEUED = "never_enqueued"
    STANDING_STILL = "standing_still"


#: How long it has to last until a booking counts as stuck.
THRESHOLDS: Mapping[Cause, timedelta] = MappingProxyType(
    {
        Cause.EXPIRED_LEASE: OVERDUE_AFTER,
        Cause.MISSED_RETRY: OVERDUE_AFTER,
        Cause.NEVER_ENQUEUED: OVERDUE_AFTER,
        Cause.STANDING_STILL: STUCK_AFTER,
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lease:
    """The slot a run holds or held; `left` is below zero once it has lapsed."""

    slot: int
    run: str
    left: timedelta

    @property
    def is_alive(self) -> bool:
        return self.left > timedelta(0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Stuck:
    """A stuck booking. `age` counts from when something should have happened; `cycle_attempts` are this
    cycle's; `of_cause` tells how many bookings share the cause, listed or not."""

    booking_id: int
    cause: Cause
    state: State
    version: int
    age: timedelta
    cycle_attempts: int
    next_attempt_at: datetime | None
    lease: Lease | None
    of_cause: int

    @property
    def threshold(self) -> timedelta:
        return THRESHOLDS[self.cause]


_FIND = """
WITH unfinished AS (
    SELECT b.id, b.assignment_state AS state, b.assignment_state_version AS version, b.updated_at,
           b.assignment_attempts - b.assignment_cycle_start AS attempts, b.next_attempt_at,
           s.number AS slot, s.token, s.lease_until, clock.now,
           clock.now - interval '1 s' * %(overdue)s AS late,
           CASE WHEN b.assignment_state = 'assignment_in_progress' THEN coalesce(s.lease_until, b.updated_at)
                ELSE least(coalesce(b.next_attempt_at, b.updated_at),
                           b.updated_at + interval '1 s' * %(longest_delay)s)
           END AS due
    FROM bookings b
    LEFT JOIN assignment_slots s ON s.booking_id = b.id
    CROSS JOIN (SELECT clock_timestamp() AS now) clock
    WHERE b.assignment_state IS NOT NULL
      AND NOT (b.assignment_state IN ('cancelled', 'confirmed', 'manual_review')
               AND b.assignment_state IS NOT NULL)
      AND (%(restaurants)s::bigint[] IS NULL OR b.restaurant_id = ANY(%(restaurants)s))
      AND (%(ids)s::bigint[] IS NULL OR b.id = ANY(%(ids)s))),
caused AS (
    SELECT *, CASE
        WHEN state = 'assignment_in_progress' AND due < late THEN 'expired_lease'
        WHEN state IN ('created', 'capacity_verified', 'assignment_pending') AND due < late
             -- Put off on purpose: the circuit is open, or no permit was free.
             AND coalesce(next_attempt_at, now) <= now
             THEN CASE WHEN attempts = 0 THEN 'never_enqueued' ELSE 'missed_retry' END
        WHEN updated_at < now - interval '1 s' * %(still)s THEN 'standing_still'
    END AS cause
    FROM unfinished),
ranked AS (
    SELECT *, now - CASE WHEN cause = 'standing_still' THEN updated_at ELSE due END AS age,
           count(*) OVER (PARTITION BY cause) AS of_cause
    FROM caused WHERE cause IS NOT NULL),
placed AS (
    SELECT *, row_number() OVER (PARTITION BY cause ORDER BY age DESC, id) AS place FROM ranked)
SELECT id, cause, state, version, age, attempts, next_attempt_at, slot, token, lease_until - now, of_cause
FROM placed WHERE place <= %(most)s ORDER BY cause, place
"""


def stuck_bookings(*, scope: Scope, ids: list[int] | None = None) -> list[Stuck]:
    """Stuck bookings of the scope by cause, longest first (one query); with `ids`, of those only."""
    with connection.cursor() as cursor:
        cursor.execute(
            _FIND,
            {
                "longest_delay": LONGEST_DELAY.total_seconds(),
                "overdue": OVERDUE_AFTER.total_seconds(),
                "still": STUCK_AFTER.total_seconds(),
                "restaurants": None if scope.restaurants is None else sorted(scope.restaurants),
                "ids": ids,
                "most": MOST,
            },
        )
        return [_stuck(*row) for row in cursor.fetchall()]


def _stuck(
    booking_id: int,
    cause: str,
    state: str,
    version: int,
    age: timedelta,
    attempts: int,
    next_attempt_at: datetime | None,
    slot: int | None,
    token: object,
    left: timedelta | None,
    of_cause: int,
) -> Stuck:
    lease = Lease(slot=slot, run=str(token)[:8], left=left) if slot and left is not None else None
    return Stuck(
        booking_id=booking_id,
        cause=Cause(cause),
        state=State(state),
        version=version,
        age=age,
        cycle_attempts=attempts,
        next_attempt_at=next_attempt_at,
        lease=lease,
        of_cause=of_cause,
    )

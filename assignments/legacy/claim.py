"""Starts an attempt: counted in the booking's row before anything is planned.

The booking stays in its state; `next_attempt_at` is the lease. A worker that is lost leaves an
attempt without a record, which the next one finds, writes down and counts. So a booking that kills
its workers ends with people, and a restart does not start over.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from assignments.engine.flags import Mode
from assignments.legacy.policy import LEASE
from assignments.legacy.records import auto_assign_event
from assignments.records import save_lost_attempt
from bookings import state_machine
from bookings.models import Booking
from bookings.state_machine import Position
from observability import events


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """An attempt under way: `lost` of those right before it ended with their worker."""

    booking: Booking
    position: Position
    mode: Mode
    flag_version: int | None
    attempt_no: int
    lost: int

    @property
    def cycle_attempts(self) -> int:
        return self.attempt_no - self.booking.assignment_cycle_start


def take(
    *, booking: Booking, trigger: str, mode: Mode, flag_version: int | None, now: datetime
) -> Claim | None:
    """Count and lease the booking's next attempt, in one commit; None if another worker has it.

    The mode and the version of the flags are pinned with it.
    """
    with transaction.atomic():
        found = _count(booking, mode, flag_version)
        if found is None:
            return None
        attempt_no, left_open = found
        lost = save_lost_attempt(booking=booking, attempt_no=attempt_no - 1, now=now) if left_open else 0
        events.record(
            [
                auto_assign_event(
                    booking, "auto_assign.attempt.start", now, attempt=attempt_no, trigger=trigger
                )
            ]
        )
    return Claim(
        booking=booking,
        position=state_machine.position_of(booking),
        mode=mode,
        flag_version=flag_version,
        attempt_no=attempt_no,
        lost=lost,
    )


def _count(booking: Booking, mode: Mode, flag_version: int | None) -> tuple[int, bool] | None:
    """The number of the attempt that may begin, and whether the one before it was never ended.

    Not while the one before it is on: it has no record yet and its lease, by the database's clock,
    lies ahead. So two deliveries at once make one attempt, with or without the lock in Redis.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH latest AS (
                SELECT NOT EXISTS (
                    SELECT FROM booking_assignment_attempts
                    WHERE booking_id = %(booking)s AND attempt_no = %(attempts)s) AS open
                WHERE %(attempts)s > %(cycle_start)s)
            UPDATE bookings
            SET assignment_attempts = assignment_attempts + 1,
                next_attempt_at = clock_timestamp() + make_interval(secs => %(lease)s),
                assignment_path = %(mode)s, assignment_flag_version = %(flag_version)s
            WHERE id = %(booking)s AND assignment_state = %(state)s
              AND assignment_state_version = %(version)s AND assignment_attempts = %(attempts)s
              AND (next_attempt_at IS NULL OR next_attempt_at <= clock_timestamp()
                   OR (SELECT open FROM latest) IS NOT TRUE)
            RETURNING assignment_attempts, (SELECT open FROM latest) IS TRUE
            """,
            {
                "booking": booking.pk,
                "state": booking.assignment_state,
                "version": booking.assignment_state_version,
                "attempts": booking.assignment_attempts,
                "cycle_start": booking.assignment_cycle_start,
                "lease": LEASE.total_seconds(),
                "mode": mode.value,
                "flag_version": flag_version,
            },
        )
        row: tuple[int, bool] | None = cursor.fetchone()
    return row

"""The sweeper: finds what no task will come back for, and sets it going again.

It looks at states, leases and server time, never at queue rows: a task may be missing, doubled or
lost, the booking's row tells what is true. Every step is safe to do twice and by anyone.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from assignments.coordinator.finish import hand_to_people
from assignments.coordinator.retry_policy import MAX_LOST
from assignments.engine.reasons import Reason
from assignments.records import save_lost_attempt
from bookings import state_machine
from bookings.intake import ASSIGN_TASK
from bookings.models import Booking
from bookings.queue.tasks import enqueue, is_behind
from bookings.state_machine import Step
from bookings.states import State

#: A booking whose next attempt is overdue by this has lost its task.
OVERDUE_AFTER = timedelta(seconds=15)

#: Bookings looked at in one sweep; what is left is found by the next.
BATCH = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Swept:
    """How many bookings one sweep set going again."""

    lost_runs: int
    overdue: int


def sweep(*, now: datetime, overdue_after: timedelta = OVERDUE_AFTER) -> Swept:
    """Recover runs whose worker is gone and enqueue bookings whose task is gone.

    `now` dates the rows written; what is late is decided by the database's clock.
    """
    lost = [recover(booking_id=pk, now=now) for pk in _without_live_lease()]
    return Swept(lost_runs=sum(lost), overdue=_enqueue_overdue(overdue_after))


def recover(*, booking_id: int, now: datetime, actor_id: int | None = None) -> bool:
    """Take one booking back from a lost worker; False if its run is alive or another sweep had it.

    The lost attempt is recorded. A booking that lost its worker MAX_LOST times in a row goes to people.
    `actor_id` is the person who asked for it, if one did.
    """
    with transaction.atomic():
        booking = (
            Booking.objects.select_for_update(of=("self",), skip_locked=True)
            .select_related("restaurant")
            .filter(pk=booking_id, assignment_state=State.ASSIGNMENT_IN_PROGRESS)
            .first()
        )
        if booking is None or booking.pk not in _without_live_lease(booking.pk):
            return False
        lost = save_lost_attempt(booking=booking, attempt_no=booking.assignment_attempts, now=now)
        if lost >= MAX_LOST:
            _give_up(booking, now, actor_id)
        else:
            _start_again(booking, now, actor_id)
    return True


def _give_up(booking: Booking, now: datetime, actor_id: int | None) -> None:
    hand_to_people(
        booking=booking,
        position=state_machine.position_of(booking),
        reason=Reason.POISONED,
        now=now,
        actor_id=actor_id,
        changes={"assignment_cycle_start": booking.assignment_attempts},
    )


def _start_again(booking: Booking, now: datetime, actor_id: int | None) -> None:
    state_machine.move(
        position=state_machine.position_of(booking),
        steps=[Step(to=State.ASSIGNMENT_PENDING, reason=Reason.ERROR, metadata={"cause": "worker_lost"})],
        at=now,
        actor_id=actor_id,
        changes={"next_attempt_at": now},
    )
    enqueue(ASSIGN_TASK, booking.pk, "sweeper")


def _without_live_lease(booking_id: int | None = None) -> list[int]:
    """Bookings in progress that no live lease stands behind, all or just the one asked for."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT b.id FROM bookings b
            WHERE b.assignment_state = 'assignment_in_progress' AND (%s::bigint IS NULL OR b.id = %s)
              AND NOT EXISTS (SELECT FROM assignment_slots s
                              WHERE s.booking_id = b.id AND s.lease_until > clock_timestamp())
            ORDER BY b.id LIMIT %s
            """,
            [booking_id, booking_id, BATCH],
        )
        return [row[0] for row in cursor.fetchall()]


def _enqueue_overdue(overdue_after: timedelta) -> int:
    """Enqueue bookings that wait for a task later than they should, and date their next look ahead.

    None while the queue itself is behind: then their tasks are not lost, and each round would double them.
    """
    if is_behind():
        return 0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE bookings SET next_attempt_at = clock_timestamp()
            WHERE id IN (
                SELECT id FROM bookings
                WHERE assignment_state IN ('created', 'capacity_verified', 'assignment_pending')
                  AND coalesce(next_attempt_at, updated_at) < clock_timestamp() - make_interval(secs => %s)
                ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)
            RETURNING id
            """,
            [overdue_after.total_seconds(), BATCH],
        )
        overdue = [row[0] for row in cursor.fetchall()]
        for booking_id in overdue:
            enqueue(ASSIGN_TASK, booking_id, "sweeper")
    return len(overdue)

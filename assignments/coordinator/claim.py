"""Claims a booking: the first commit of a run takes a permit and all states up to in progress."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from assignments.coordinator.records import coordinator_event
from assignments.coordinator.route import Route
from assignments.engine.reasons import Reason
from assignments.protection import permits
from assignments.protection.locks import TTL_SECONDS, Grant
from assignments.protection.permits import Permit
from bookings import state_machine
from bookings.models import Booking
from bookings.outbox.news import NEXT_ID
from bookings.pacing import Arriving, arriving, has_room, pace_of
from bookings.quick import QUICK
from bookings.state_machine import Arrival, Position, Rider, Step
from bookings.states import PATH_TO_CLAIM
from observability import events
from observability.traces import traced

#: The permit is taken with the move or not at all, and its event tells how many there are now. The run's
#: mail gets its id here, because the task that will send it is signed before the mail is written. The commit
#: waits for no disk: the run's last one does, for both. Lost with the database server it never was, and the
#: run, fenced by its version and lease, finds that out when it wants to finish.
WITH_PERMIT = Rider(
    before=f"{QUICK}, {permits.FREE}",
    gate="free",
    after=f"taken AS ({permits.TAKE}, moved, quick WHERE assignment_slots.id = free.id)",
    answer=f"EXISTS (SELECT FROM free), (SELECT runs + 1 FROM live), {NEXT_ID}",  # noqa: S608 - ours
    context="""event.context || CASE event.event_type WHEN 'coordinator.rate_permit_acquired'
        THEN jsonb_build_object('in_use', (SELECT runs + 1 FROM live)) ELSE '{}' END""",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A run that owns its booking: where the booking stands, and the lease that fences the rest.

    `mail_id` is drawn for the mail that will confirm the booking.
    """

    booking: Booking
    position: Position
    permit: Permit
    attempt_no: int
    mail_id: int

    @property
    def cycle_attempts(self) -> int:
        return self.attempt_no - self.booking.assignment_cycle_start


@traced("assignment.claim")
def claim(*, booking: Booking, route: Route, trigger: str, lock: Grant, now: datetime) -> Claim | None:
    """Pin the route, take a permit and move the booking to in progress, in one statement and commit.

    None if no permit is free. Raises StaleBookingError if the booking moved meanwhile; then nothing is taken.
    """
    token = uuid.uuid4()
    position = state_machine.position_of(booking)
    arrival = _try(booking, position, route, token, trigger=trigger, lock=lock, now=now)
    found_slot, in_use, mail_id = arrival.answer
    if not found_slot:
        if not permits.make_slots(booking.restaurant_id):
            return None
        return claim(booking=booking, route=route, trigger=trigger, lock=lock, now=now)
    return Claim(
        booking=booking,
        position=state_machine.arrived(arrival, position),
        permit=Permit(booking_id=booking.pk, token=token, in_use=in_use, limit=route.limit),
        attempt_no=booking.assignment_attempts + 1,
        mail_id=mail_id,
    )


def _try(
    booking: Booking,
    position: Position,
    route: Route,
    token: uuid.UUID,
    *,
    trigger: str,
    lock: Grant,
    now: datetime,
) -> Arrival:
    steps = [Step(to=state) for state in PATH_TO_CLAIM[position.state]]
    transitions = state_machine.transition_records(position=position, steps=steps, at=now)
    return state_machine.move_with(
        rider=WITH_PERMIT,
        values={
            "restaurant": booking.restaurant_id,
            "limit": route.limit,
            "token": token,
            "lease": permits.LEASE.total_seconds(),
        },
        position=position,
        steps=steps,
        at=now,
        changes={
            "assignment_attempts": booking.assignment_attempts + 1,
            "next_attempt_at": None,
            **route.pin,
        },
        records=[*transitions, *_opening(booking, route, trigger=trigger, lock=lock, now=now)],
    )


def refusal(booking: Booking, *, count: Arriving = arriving) -> Reason | None:
    """The reason a booking needs people before any table is looked for, or None."""
    restaurant = booking.restaurant
    if booking.party_size > restaurant.max_party_auto:
        return Reason.PARTY_TOO_LARGE
    pace = pace_of(restaurant)
    if pace is None or has_room(
        pace=pace,
        restaurant_id=restaurant.pk,
        start=booking.start_at,
        party_size=booking.party_size,
        but=booking.pk,
        count=count,
    ):
        return None
    return Reason.PACING


def _opening(
    booking: Booking, route: Route, *, trigger: str, lock: Grant, now: datetime
) -> list[events.Record]:
    lock_ttl_ms = TTL_SECONDS * 1000
    return [
        coordinator_event(
            booking,
            "coordinator.start",
            now,
            mode=route.mode.value,
            trigger=trigger,
            flag_version=route.flag_version,
        ),
        coordinator_event(
            booking, "coordinator.lock_acquired", now, wait_ms=lock.wait_ms, ttl_ms=lock_ttl_ms
        ),
        coordinator_event(booking, "coordinator.rate_permit_acquired", now, limit=route.limit),
    ]

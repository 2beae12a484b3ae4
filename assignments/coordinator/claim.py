"""Claims a booking: the first commit of a run takes a permit and all states up to in progress."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from assignments.coordinator.records import coordinator_event
from assignments.coordinator.route import Route
from assignments.engine.reasons import Reason
from assignments.protection import permits
from assignments.protection.locks import TTL_SECONDS, Grant
from assignments.protection.permits import Permit
from bookings import state_machine
from bookings.models import Booking
from bookings.pacing import has_room, pace_of
from bookings.state_machine import Position, Step
from bookings.states import PATH_TO_CLAIM
from observability import events


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A run that owns its booking: where the booking stands, and the lease that fences the rest."""

    booking: Booking
    position: Position
    permit: Permit
    attempt_no: int
    cycle_attempts: int


def claim(*, booking: Booking, route: Route, trigger: str, lock: Grant, now: datetime) -> Claim | None:
    """Pin the route, take a permit and move the booking to in progress, in one commit.

    None if no permit is free. Raises StaleBookingError if the booking moved meanwhile; then nothing is taken.
    """
    position = state_machine.position_of(booking)
    attempt_no = booking.assignment_attempts + 1
    with transaction.atomic():
        permit = permits.take(restaurant_id=booking.restaurant_id, booking_id=booking.pk, limit=route.limit)
        if permit is None:
            return None
        claimed = state_machine.move(
            position=position,
            steps=[Step(to=state) for state in PATH_TO_CLAIM[position.state]],
            at=now,
            changes={"assignment_attempts": attempt_no, "next_attempt_at": None, **route.pin},
            also=_opening(booking, route, trigger=trigger, lock=lock, permit=permit, now=now),
        )
    return Claim(
        booking=booking,
        position=claimed,
        permit=permit,
        attempt_no=attempt_no,
        cycle_attempts=attempt_no - booking.assignment_cycle_start,
    )


def refusal(booking: Booking) -> Reason | None:
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
    ):
        return None
    return Reason.PACING


def _opening(
    booking: Booking, route: Route, *, trigger: str, lock: Grant, permit: Permit, now: datetime
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
        coordinator_event(
            booking, "coordinator.rate_permit_acquired", now, in_use=permit.in_use, limit=permit.limit
        ),
    ]

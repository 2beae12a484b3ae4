"""What people do about a stuck booking: have it planned again, or decide it themselves.

Each is one transaction and acts only on the booking as it was seen: at the state version shown, and still
stuck. `foresee` tells beforehand, from the same rules and without writing, what would happen.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.contrib.auth.models import User
from django.db import transaction

from assignments import sweeper
from assignments.coordinator.finish import hand_to_people
from assignments.coordinator.retry_policy import MAX_LOST
from assignments.engine.reasons import Reason
from assignments.records import save_lost_attempt
from assignments.review.records import log_booking
from assignments.stuck.causes import Cause, Stuck, stuck_bookings
from bookings import state_machine
from bookings.allocations import release
from bookings.intake import ASSIGN_TASK
from bookings.models import Booking
from bookings.queue.tasks import enqueue
from bookings.state_machine import Step
from bookings.states import PATH_TO_PENDING, State
from observability.scope import Scope

EVERYWHERE = Scope(restaurants=None)


class Rescue(StrEnum):
    REQUEUE = "requeue"
    REVIEW = "review"


class RescueError(Exception):
    """The booking is left as it is; the text says why. Look at the page again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """What a rescue would do to a booking as it stands; `refusal` is why nothing would happen."""

    words: str = ""
    refusal: str = ""


def foresee(stuck: Stuck, rescue: Rescue) -> Forecast:
    """The dry run of one booking: reads nothing but what was found."""
    if stuck.lease is not None and stuck.lease.is_alive:
        seconds = round(stuck.lease.left.total_seconds())
        return Forecast(refusal=f"Its run still holds the lease for {seconds} s; it may yet finish.")
    if rescue is Rescue.REVIEW:
        return Forecast(words="Goes to manual review; the guest is told it was received. A case opens.")
    if stuck.cause is Cause.EXPIRED_LEASE:
        return Forecast(
            words=f"Attempt {stuck.cycle_attempts} is recorded as lost and the booking is planned again; "
            f"after {MAX_LOST} lost in a row it goes to manual review instead."
        )
    return Forecast(words="Waits at a new state version, due at once, with a new task for a worker.")


def requeue(*, booking_id: int, seen_version: int, user: User, now: datetime) -> None:
    """Have a stuck booking planned again at once. Its attempts of this cycle keep counting.

    Raises RescueError if it changed since, is no longer stuck, or a live run holds it.
    """
    with transaction.atomic():
        booking, stuck = _still_stuck(booking_id, seen_version, Rescue.REQUEUE)
        if stuck.cause is Cause.EXPIRED_LEASE:
            if not sweeper.recover(booking_id=booking.pk, now=now, actor_id=user.pk):
                raise RescueError("It is no longer stuck.")
        else:
            _plan_again(booking, stuck, user, now)
        log_booking(booking, actor_id=user.pk, message=f"Stuck ({_words(stuck.cause)}): planned again.")


def send_to_review(*, booking_id: int, seen_version: int, user: User, now: datetime) -> None:
    """Hand a stuck booking to people; a run that was lost with its worker is recorded.

    Raises RescueError as `requeue` does.
    """
    with transaction.atomic():
        booking, stuck = _still_stuck(booking_id, seen_version, Rescue.REVIEW)
        if stuck.cause is Cause.EXPIRED_LEASE:
            save_lost_attempt(booking=booking, attempt_no=booking.assignment_attempts, now=now)
        release(booking=booking)
        hand_to_people(
            booking=booking,
            position=state_machine.position_of(booking),
            reason=Reason.STAFF,
            now=now,
            actor_id=user.pk,
            metadata={"cause": stuck.cause.value},
            changes={"assignment_cycle_start": booking.assignment_attempts},
        )
        log_booking(booking, actor_id=user.pk, message=f"Stuck ({_words(stuck.cause)}): sent to review.")


def _plan_again(booking: Booking, stuck: Stuck, user: User, now: datetime) -> None:
    """Through the states to waiting, so that whoever read the booking before loses by its version."""
    release(booking=booking)
    state_machine.move(
        position=state_machine.position_of(booking),
        steps=[
            Step(to=state, metadata={"cause": stuck.cause.value})
            for state in PATH_TO_PENDING[State(stuck.state)]
        ],
        at=now,
        actor_id=user.pk,
        changes={"next_attempt_at": now},
    )
    enqueue(ASSIGN_TASK, booking.pk, "requeued")


def _still_stuck(booking_id: int, seen_version: int, rescue: Rescue) -> tuple[Booking, Stuck]:
    """The booking, locked, and why it is stuck now."""
    booking = Booking.objects.select_for_update(of=("self",)).select_related("restaurant").get(pk=booking_id)
    if booking.assignment_state_version != seen_version:
        raise RescueError("It moved on since you saw it.")
    found = stuck_bookings(scope=EVERYWHERE, ids=[booking.pk])
    if not found:
        raise RescueError("It is no longer stuck.")
    forecast = foresee(found[0], rescue)
    if forecast.refusal:
        raise RescueError(forecast.refusal)
    return booking, found[0]


def _words(cause: Cause) -> str:
    return cause.value.replace("_", " ")

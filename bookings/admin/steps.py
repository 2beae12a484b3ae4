"""Steps staff take with bookings from a list, each by its use case: cancel, check in, complete, no-show."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from bookings.cancellation import CancellationError, CancelledFor, cancel
from bookings.models import Booking, BookingStatus
from bookings.service_time import ServiceTimeError, check_in, complete, mark_no_show
from bookings.state_machine import StaleBookingError
from bookings.states import IllegalTransitionError

#: Most bookings of one step: each is a transaction of its own, and the page waits for all.
MOST_AT_ONCE = 200

_REFUSALS = (CancellationError, ServiceTimeError, IllegalTransitionError, StaleBookingError)


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A use case by what it makes of a booking: `done` completes "3 bookings were …"."""

    done: str
    leads_to: BookingStatus
    take: Callable[[int, datetime, int | None], Booking]


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of one booking: `refusal` is empty if the step was taken."""

    booking: Booking
    refusal: str = ""


CANCEL = Step(
    done="cancelled",
    leads_to=BookingStatus.CANCELLED,
    take=lambda pk, now, actor: cancel(booking_id=pk, now=now, actor_id=actor, reason=CancelledFor.HOUSE),
)
CHECK_IN = Step(
    done="checked in",
    leads_to=BookingStatus.CHECKED_IN,
    take=lambda pk, now, actor: check_in(booking_id=pk, now=now, actor_id=actor),
)
COMPLETE = Step(
    done="completed",
    leads_to=BookingStatus.COMPLETED,
    take=lambda pk, now, actor: complete(booking_id=pk, now=now, actor_id=actor),
)
NO_SHOW = Step(
    done="marked as no-show",
    leads_to=BookingStatus.NO_SHOW,
    take=lambda pk, now, actor: mark_no_show(booking_id=pk, now=now, actor_id=actor),
)


def take(step: Step, booking: Booking, actor_id: int | None) -> Outcome:
    """Take the step with one booking; a refusal is an outcome."""
    if booking.status == step.leads_to:
        return Outcome(booking=booking, refusal=f"{booking.reference} was {step.done} before")
    if booking.assignment_state is None:
        return Outcome(booking=booking, refusal=f"{booking.reference} is imported history and stays as it is")
    try:
        return Outcome(booking=step.take(booking.pk, timezone.now(), actor_id))
    except _REFUSALS as error:
        return Outcome(booking=booking, refusal=str(error))

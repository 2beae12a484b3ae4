"""Intake: receives a booking, refuses what cannot be served, saves it and has it assigned.

The booking, its first history row and its task are saved in one transaction: what was accepted
is there and will be worked on, whatever fails next.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, connection, transaction

from bookings import state_machine
from bookings.intake_rules import LONGEST_TEXT as LONGEST_TEXT
from bookings.intake_rules import MOST_GUESTS as MOST_GUESTS
from bookings.intake_rules import IntakeError as IntakeError
from bookings.intake_rules import (
    Stay,
    Terms,
    check_email,
    check_needs,
    check_pacing,
    check_party,
    check_texts,
    stay_of,
)
from bookings.models import Booking, Restaurant, Zone
from bookings.prepared import row_of, selected
from bookings.queue.tasks import enqueue
from bookings.references import new_reference
from bookings.states import State
from observability.traces import traced

ASSIGN_TASK = "assignments.tasks.assign"

#: Tries at a reference nobody has yet; one in 600 million is taken for each booking there is.
REFERENCE_TRIES = 5

#: Read when it is asked for: the one column that wants converting.
_NOT_READ = frozenset({"auto_assign_last_result"})
_EARLIER = f"""
SELECT {selected(Booking, without=_NOT_READ)} FROM bookings WHERE channel = %s AND idempotency_key = %s
"""  # noqa: S608 - the names are the model's


class IdempotencyConflictError(ValueError):
    """The channel used the key before, for another request. Send it again with a key of its own."""

    def __init__(self, key: str, reference: str) -> None:
        super().__init__(
            f"idempotency key {key!r} belongs to booking {reference}, which was asked for differently; "
            "send another booking with another key"
        )
        self.reference = reference


@dataclass(frozen=True, kw_only=True, slots=True)
class BookingRequest:
    """What a channel asks for. A naive `start` or `end` is local to the restaurant.

    Without `end` the party stays its turn time. `by_staff` admits parties above the restaurant's
    limit for automatic seating and arrivals above its pacing; they go to manual review.
    """

    restaurant: Restaurant
    party_size: int
    start: datetime
    channel: str
    end: datetime | None = None
    idempotency_key: str | None = None
    guest_name: str = ""
    guest_email: str = ""
    guest_phone: str = ""
    notes: str = ""
    zone: Zone | None = None
    requires: tuple[str, ...] = ()
    by_staff: bool = False

    @property
    def digest(self) -> str:
        """SHA-256 over everything asked: two requests with the same digest ask for the same booking."""
        asked = [
            self.restaurant.pk,
            self.party_size,
            self.start.isoformat(),
            self.end.isoformat() if self.end else None,
            self.guest_name,
            self.guest_email,
            self.guest_phone,
            self.notes,
            self.zone.pk if self.zone else None,
            sorted(set(self.requires)),
            self.by_staff,
        ]
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


@traced("booking.receive")
def receive(*, request: BookingRequest, now: datetime, actor_id: int | None = None) -> Booking:
    """Check and save a booking and enqueue its assignment; return it.

    A repeated idempotency key of a channel returns the booking of the first time. Raises
    IdempotencyConflictError if that one was asked for differently, and IntakeError, naming field and
    way out, for what cannot be taken; then nothing is saved. `actor_id` is the user who entered it.
    """
    check_request(request)
    earlier = earlier_booking(request)
    if earlier is not None:
        return earlier
    stay = check_stay(request, now)
    return save(request, stay, now, actor_id, _have_assigned)


def check_request(request: BookingRequest) -> None:
    """Refuse what the columns cannot hold, and keys that would take every guest for the same one."""
    check_texts({name: getattr(request, name) for name in LONGEST_TEXT})
    if not request.channel.strip():
        raise IntakeError("channel", "name where the booking comes from")
    if request.idempotency_key is not None and not request.idempotency_key.strip():
        raise IntakeError("idempotency_key", "it is empty; leave it out or send one of the booking's own")


def earlier_booking(request: BookingRequest) -> Booking | None:
    """The booking that this request's key got before, if it was the same request."""
    key = request.idempotency_key
    if key is None:
        return None
    earlier = _booking_of(request.channel, key)
    # Bookings from before there were digests have none.
    if earlier is not None and earlier.request_digest not in ("", request.digest):
        raise IdempotencyConflictError(key, earlier.reference)
    return earlier


def _booking_of(channel: str, key: str) -> Booking | None:
    with connection.cursor() as cursor:
        cursor.execute(_EARLIER, [channel, key])
        values = cursor.fetchone()
    return row_of(Booking, values, without=_NOT_READ) if values else None


def check_guest(request: BookingRequest) -> None:
    """Refuse an address that is none, and a zone or need that the restaurant does not have."""
    check_email(request.guest_email)
    check_needs(request.restaurant, request.zone, request.requires)


def check_stay(request: BookingRequest, now: datetime, terms: Terms | None = None) -> Stay:
    """Refuse what the house's rules refuse; the stay that they allow. The terms are read unless given."""
    check_party(request.restaurant, request.party_size, by_staff=request.by_staff)
    check_guest(request)
    stay = stay_of(
        restaurant=request.restaurant,
        party_size=request.party_size,
        start=request.start,
        end=request.end,
        now=now,
        calendar=terms.calendar if terms else None,
    )
    # Staff see the room; the claim checks again and hands what is too much to people.
    if not request.by_staff:
        check_pacing(request.restaurant, stay, request.party_size, now=now, terms=terms)
    return stay


def save(
    request: BookingRequest,
    stay: Stay,
    now: datetime,
    actor_id: int | None,
    then: Callable[[Booking], None],
) -> Booking:
    """Save the booking with its first history row, and do `then` in the same transaction."""
    for _ in range(REFERENCE_TRIES):
        reference = new_reference()
        try:
            with transaction.atomic():
                booking = unsaved(
                    request=request, reference=reference, start=stay.start, end=stay.end, now=now
                )
                booking.save(force_insert=True)
                state_machine.begin(booking=booking, at=now, actor_id=actor_id)
                then(booking)
        except IntegrityError:
            # The same key sent twice at once: the other one won, its booking is the answer.
            earlier = earlier_booking(request)
            if earlier is not None:
                return earlier
            # Asked of the table, not of the message, which quotes the row and its guest.
            if not Booking.objects.filter(reference=reference).exists():
                raise
        else:
            return booking
    raise IntakeError("reference", "no free booking reference was found; send the booking again")


def _have_assigned(booking: Booking) -> None:
    enqueue(ASSIGN_TASK, booking.pk, "intake")


def unsaved(
    *, request: BookingRequest, reference: str, start: datetime, end: datetime, now: datetime
) -> Booking:
    """The booking of a checked request over [start, end), created and not yet saved."""
    return Booking(
        restaurant=request.restaurant,
        reference=reference,
        party_size=request.party_size,
        start_at=start,
        end_at=end,
        channel=request.channel,
        idempotency_key=request.idempotency_key,
        request_digest=request.digest if request.idempotency_key else "",
        guest_name=request.guest_name,
        guest_email=request.guest_email,
        guest_phone=request.guest_phone,
        notes=request.notes,
        zone=request.zone,
        requires=sorted(set(request.requires)),
        assignment_state=State.CREATED,
        assignment_state_version=1,
        created_at=now,
        updated_at=now,
    )

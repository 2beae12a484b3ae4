"""Walk-ins: parties at the door, seated at once or told when there will be a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bookings import state_machine
from bookings.allocations import AllocationLostError, hold, hold_after_moves
from bookings.intake import BookingRequest, check_request, check_stay, save
from bookings.intake_rules import Stay
from bookings.models import Booking, BookingStatus, MailKind, Restaurant, Zone
from bookings.outbox.news import tell_guest
from bookings.seating import NoSeat, NoSeatingError, Party, Seat, seating
from bookings.state_machine import StaleBookingError, Step
from bookings.states import State
from bookings.webhooks.hook import announce_step
from bookings.wishes import Wish

CHANNEL = "walk_in"

#: What becomes of a walk-in: nobody else has to look at it, so it goes its whole way at once.
_WAY = (
    State.CAPACITY_VERIFIED,
    State.ASSIGNMENT_PENDING,
    State.ASSIGNMENT_IN_PROGRESS,
    State.ASSIGNED,
    State.CONFIRMED,
)

#: Plans on fresh facts, after other bookings took the tables first.
TRIES = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class _Door:
    """A party at the door."""

    request: BookingRequest
    stay: Stay
    now: datetime
    actor_id: int | None


def walk_in(
    *,
    restaurant: Restaurant,
    party_size: int,
    now: datetime,
    end: datetime | None = None,
    zone: Zone | None = None,
    requires: Sequence[str] = (),
    guest_name: str = "",
    guest_email: str = "",
    guest_phone: str = "",
    notes: str = "",
    channel: str = CHANNEL,
    idempotency_key: str | None = None,
    actor_id: int | None = None,
) -> Booking:
    """Seat a party that stands at the door; return its booking, which is checked in.

    A repeat starts later and so is another request: who may send one twice looks for its key first, alone.
    It starts now and keeps its tables for its turn time, or until `end`. Bookings that may move make
    room. Raises NoSeatingError, whose alternative is the next free time of this service, IntakeError
    outside the services, and StaleBookingError if tables are taken faster than they are found; then
    nothing is saved.
    """
    request = BookingRequest(
        restaurant=restaurant,
        party_size=party_size,
        start=now,
        end=end,
        channel=channel,
        idempotency_key=idempotency_key,
        guest_name=guest_name,
        guest_email=guest_email,
        guest_phone=guest_phone,
        notes=notes,
        zone=zone,
        requires=tuple(requires),
        by_staff=True,
    )
    check_request(request)
    stay = check_stay(request, now)
    wish = Wish(
        party_size=party_size,
        start=stay.start,
        end=stay.end,
        zone_id=zone.pk if zone else None,
        requires=frozenset(requires),
    )
    door = _Door(request=request, stay=stay, now=now, actor_id=actor_id)
    party = Party(restaurant=restaurant, wish=wish)
    for _ in range(TRIES):
        seat = seating().seat(party=party, now=now)
        if isinstance(seat, NoSeat):
            raise _refused(door, party, seat)
        try:
            return _sit_down(door, seat)
        except AllocationLostError:
            # What changed may be the house itself: its rules and the version of its floor plan.
            restaurant.refresh_from_db()
    raise StaleBookingError("the tables are taken faster than one is found; try again")


def _sit_down(door: _Door, seat: Seat) -> Booking:
    """Save the booking at its tables, all in one transaction."""
    booking = save(door.request, door.stay, door.now, door.actor_id, lambda new: _place(new, door, seat))
    booking.refresh_from_db()
    return booking


def _place(booking: Booking, door: _Door, seat: Seat) -> None:
    if seat.moves:
        hold_after_moves(
            booking=booking, tables=seat.tables, moves=seat.moves, cause=seat.strategy, now=door.now
        )
    else:
        hold(booking=booking, tables=seat.tables, now=door.now)
    metadata = {"strategy": seat.strategy, "cause": CHANNEL}
    position = state_machine.move(
        position=state_machine.position_of(booking),
        steps=[Step(to=state, metadata=metadata if state == State.ASSIGNED else {}) for state in _WAY],
        at=door.now,
        actor_id=door.actor_id,
        changes={"status": BookingStatus.CHECKED_IN, "assignment_strategy": seat.strategy},
    )
    announce_step(
        booking_id=booking.pk, status=BookingStatus.CHECKED_IN, version=position.version, at=door.now
    )
    tell_guest(booking_id=booking.pk, kind=MailKind.CONFIRMATION)


def _refused(door: _Door, party: Party, why: NoSeat) -> NoSeatingError:
    """With the next time of this service at which a table is free."""
    latest = door.stay.sitting.latest_start(door.stay.end - door.stay.start) or door.stay.start
    found = seating().next_free(party=party, latest=latest, now=door.now)
    return NoSeatingError(reason=why.reason, sentence=why.sentence, alternatives=(found,) if found else ())

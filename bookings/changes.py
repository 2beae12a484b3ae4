"""Changes a booking: its guest's data, its size, time or needs, at whatever point of its way it is.

Guest data needs no table. A new wish is seated at once where the booking has a table: it keeps it, or
one transaction gives it others; without a seating nothing changes. A booking without a table yet, or in
review, is planned again, and a run that works on its old wish loses its compare-and-swap.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.db import transaction

from bookings import state_machine
from bookings.allocations import AllocationLostError, be_alone, held_tables, release, reseat
from bookings.capacity import announce_freed
from bookings.change_request import BookingChange
from bookings.change_rules import Asked, asked_of, asked_of_seated
from bookings.change_wishes import open_wish, withdraw_wish
from bookings.intake import ASSIGN_TASK
from bookings.models import Booking, BookingStatus, ChangeWish
from bookings.offers import offers_for
from bookings.outbox.news import tell_of_change
from bookings.queue.tasks import enqueue
from bookings.seating import NoSeat, NoSeatingError, Party, Seat, seating
from bookings.standing import lock_as_seen, new_cycle, write
from bookings.state_machine import StaleBookingError, Step
from bookings.states import PATH_TO_PENDING, State
from bookings.wishes import wish_of
from observability import events

OnNoSeating = Literal["refuse", "review"]
Seated = Literal["untouched", "kept", "swapped", "replanned", "wished"]

#: Cause of a transition or move that a change brought about; a reason code of the engine's.
CAUSE = "booking_changed"

#: Looks at the booking and the house, after others changed them in between.
TRIES = 4

_OPEN = (BookingStatus.PENDING, BookingStatus.CONFIRMED, BookingStatus.CHECKED_IN)

_PINNED = NoSeat(
    reason="staff",
    sentence="Staff pinned the tables of this booking, and they cannot take it as it would be.",
)


class ChangeError(ValueError):
    """A booking that can no longer be changed. Trying again cannot help."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """The booking as it is now and what became of its tables.

    untouched: no table was concerned; kept; swapped: it sits elsewhere; replanned: it waits for a table
    of its new wish; wished: there is none, and `wish` waits for people. `moved` are the ids of bookings that
    made room.
    """

    booking: Booking
    seating: Seated
    moved: tuple[int, ...] = ()
    wish: ChangeWish | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Order:
    """One look at the booking and what is to become of it."""

    seen: Booking
    asked: Asked
    now: datetime
    actor_id: int | None

    @property
    def fields(self) -> list[str]:
        """Names of the columns that differ."""
        wanted = self.asked.wish.columns()
        seated = wish_of(self.seen).columns()
        return sorted([*(name for name in wanted if wanted[name] != seated[name]), *self.asked.guest])

    def record(self, seated: Seated, revision: int) -> None:
        context = {
            "fields": self.fields,
            "revision": revision,
            "seating": seated,
            "actor": self.actor_id,
        }
        events.record(
            [
                events.Record(
                    source=events.BOOKINGS,
                    event_type="booking.changed",
                    at=self.now,
                    restaurant_id=self.seen.restaurant_id,
                    booking_id=self.seen.pk,
                    context=context,
                )
            ]
        )


def change(
    *,
    booking_id: int,
    wish: BookingChange,
    now: datetime,
    on_no_seating: OnNoSeating = "refuse",
    actor_id: int | None = None,
    by_staff: bool = False,
) -> Changed:
    """Change a booking, all or nothing; the same values again change nothing.

    `by_staff` admits large parties and arrivals above the pacing. `on_no_seating="review"` keeps what has
    no table as a wish for people; the booking then stays valid as it is, its guest's data is saved.
    Raises IntakeError for values the house refuses, ChangeError for a booking that is over,
    NoSeatingError with alternatives if there is no table, and StaleBookingError if others change the
    booking or the tables faster than it can be seated; then nothing is changed.
    """
    for _ in range(TRIES):
        seen = Booking.objects.select_related("restaurant").get(pk=booking_id)
        _check_open(seen)
        order = _Order(seen=seen, asked=_asked(seen, wish, now, by_staff), now=now, actor_id=actor_id)
        try:
            return _carry_out(order, on_no_seating)
        except (AllocationLostError, StaleBookingError):
            continue
    raise StaleBookingError(f"booking {booking_id} or its tables keep changing; send the change again")


def is_open(booking: Booking) -> bool:
    """Whether a booking can still be changed at all. Whose guest is forgotten is not given one again."""
    return (
        booking.assignment_state is not None
        and booking.status in _OPEN
        and booking.guest_forgotten_at is None
    )


def _check_open(booking: Booking) -> None:
    if is_open(booking):
        return
    if booking.assignment_state is None:
        raise ChangeError(f"{booking.reference} is imported history and stays as it is")
    if booking.guest_forgotten_at is not None:
        raise ChangeError(f"{booking.reference} is long over and its guest forgotten; make a new booking")
    status = booking.get_status_display().lower()
    raise ChangeError(f"{booking.reference} is {status} and can no longer be changed; make a new booking")


def _asked(booking: Booking, wish: BookingChange, now: datetime, by_staff: bool) -> Asked:  # noqa: FBT001
    if booking.status == BookingStatus.CHECKED_IN:
        return asked_of_seated(booking, wish, now=now)
    return asked_of(booking, wish, now=now, by_staff=by_staff)


def _carry_out(order: _Order, on_no_seating: OnNoSeating) -> Changed:
    booking = order.seen
    if order.asked.wish == wish_of(booking):
        return _save_guest(order)
    if booking.status == BookingStatus.CHECKED_IN:
        return _extend(order)
    if booking.assignment_state != State.CONFIRMED:
        return _plan_anew(order)
    held = held_tables(booking)
    seat = _seat(order, held)
    if isinstance(seat, Seat):
        return _reseat(order, held, seat)
    if on_no_seating == "review":
        return _leave_to_people(order, seat)
    # Alternatives are other tables too, which a pin rules out.
    alternatives = () if booking.locked else offers_for(party=_party(order), now=order.now)
    raise NoSeatingError(reason=seat.reason, sentence=seat.sentence, alternatives=alternatives)


def _party(order: _Order) -> Party:
    return Party(restaurant=order.seen.restaurant, wish=order.asked.wish, booking_id=order.seen.pk)


def _save_guest(order: _Order) -> Changed:
    """No table is concerned. A confirmation goes to a new address; everything else is told nobody."""
    if not order.asked.guest:
        return Changed(booking=order.seen, seating="untouched")
    with transaction.atomic():
        booking = lock_as_seen(order.seen)
        _write_guest(order, booking)
        order.record("untouched", booking.revision)
    return Changed(booking=booking, seating="untouched")


def _write_guest(order: _Order, booking: Booking) -> None:
    to_tell = booking.assignment_state == State.CONFIRMED and "guest_email" in order.asked.guest
    write(booking, {**order.asked.guest, "revision": booking.revision + to_tell}, order.now)
    if to_tell:
        tell_of_change(booking=booking, now=order.now)


def _plan_anew(order: _Order) -> Changed:
    """The booking waits for a table of its new wish; whoever is working on the old one loses."""
    with transaction.atomic():
        booking = lock_as_seen(order.seen)
        position = state_machine.position_of(booking)
        *way, last = PATH_TO_PENDING[position.state]
        revision = booking.revision + 1
        state_machine.move(
            position=position,
            steps=[*(Step(to=state) for state in way), Step(to=last, reason=CAUSE)],
            at=order.now,
            actor_id=order.actor_id,
            changes={
                **order.asked.wish.columns(),
                **order.asked.guest,
                "revision": revision,
                **new_cycle(booking, order.now),
            },
        )
        release(booking=booking)
        withdraw_wish(booking=booking, now=order.now)
        enqueue(ASSIGN_TASK, booking.pk, "changed")
        order.record("replanned", revision)
    booking.refresh_from_db()
    return Changed(booking=booking, seating="replanned")


def _seat(order: _Order, held: Sequence[int]) -> Seat | NoSeat:
    """Where the booking may sit: at its own tables if they suit, else wherever the house seats it."""
    party, now = _party(order), order.now
    if held and seating().keeps(party=party, tables=held, now=now):
        return Seat(tables=tuple(held), strategy="kept")
    return _PINNED if order.seen.locked else seating().seat(party=party, now=now)


def _reseat(order: _Order, held: Sequence[int], seat: Seat) -> Changed:
    """Exchange the booking's tables for those of its new wish, in one transaction."""
    seated: Seated = "kept" if set(seat.tables) == set(held) else "swapped"
    with transaction.atomic():
        be_alone(order.seen.restaurant_id)
        booking = lock_as_seen(order.seen)
        revision = booking.revision + 1
        write(
            booking,
            {**order.asked.wish.columns(), **order.asked.guest, "revision": revision},
            order.now,
        )
        reseat(
            booking=booking,
            held=held,
            tables=seat.tables,
            moves=seat.moves,
            cause=CAUSE,
            now=order.now,
            actor_id=order.actor_id,
        )
        withdraw_wish(booking=booking, now=order.now)
        announce_freed(restaurant_id=booking.restaurant_id, start=order.seen.start_at, end=order.seen.end_at)
        tell_of_change(booking=booking, now=order.now)
        order.record(seated, revision)
    moved = tuple(move.booking_id for move in seat.moves)
    return Changed(booking=booking, seating=seated, moved=moved)


def _extend(order: _Order) -> Changed:
    """A party that sits stays longer, or leaves earlier, at its own tables."""
    with transaction.atomic():
        be_alone(order.seen.restaurant_id)
        booking = lock_as_seen(order.seen)
        held = held_tables(booking)
        write(booking, {**order.asked.wish.columns(), **order.asked.guest}, order.now)
        try:
            with transaction.atomic():
                reseat(booking=booking, held=held, tables=held, cause=CAUSE, now=order.now)
        except AllocationLostError:
            raise NoSeatingError(
                reason="no_assignment",
                sentence="Its table is promised to another party, or out of service, before that time.",
            ) from None
        if booking.end_at < order.seen.end_at:
            announce_freed(restaurant_id=booking.restaurant_id, start=booking.end_at, end=order.seen.end_at)
        order.record("kept", booking.revision)
    return Changed(booking=booking, seating="kept")


def _leave_to_people(order: _Order, why: NoSeat) -> Changed:
    """The booking stays valid as it is; the wish waits for people, the guest's data is saved."""
    with transaction.atomic():
        booking = lock_as_seen(order.seen)
        _write_guest(order, booking)
        row = open_wish(booking=booking, wish=order.asked.wish, reason=why.reason, now=order.now)
        order.record("wished", booking.revision)
    return Changed(booking=booking, seating="wished", wish=row)

"""What becomes of bookings whose tables they cannot keep: other tables, another run, or people; none is lost.

A booking that can sit elsewhere as things stand is moved in the same transaction and stays confirmed. One
that cannot goes back into assignment, where others may move for it; without a seating it ends with people.
A booking whose tables staff pinned goes to people at once, since they chose. A party that sits keeps its
seats, is reported, and is people's to ask. A guest who was told that he has a table hears nothing: he was
never told which. A mail that says so and has not gone out waits until there is one again.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.db import transaction
from django.db.models import Q

from bookings import state_machine
from bookings.allocations import AllocationLostError, held_tables, release, reseat
from bookings.intake import ASSIGN_TASK
from bookings.models import Booking, BookingStatus, MailKind, Restaurant
from bookings.outbox.news import STANDING, tell_guest
from bookings.outbox.promise import void_pending
from bookings.queue.tasks import enqueue
from bookings.seating import Party, Seat, seating
from bookings.standing import new_cycle
from bookings.state_machine import Step
from bookings.states import PATH_TO_PENDING, State
from bookings.wishes import wish_of

Fate = Literal["moved", "replanned", "to_people", "stays"]

#: Cause of the transitions and moves that a withdrawal brings about; a reason code of the engine's.
CAUSE = "table_withdrawn"


@dataclass(frozen=True, kw_only=True, slots=True)
class Displaced:
    """A booking that holds a table it cannot keep, and what becomes of it; `tables` are those it has then.

    moved: to other tables; replanned: it looks for a table again; to_people: staff had pinned its tables;
    stays: its party sits there already.
    """

    booking_id: int
    reference: str
    start: datetime
    party_size: int
    fate: Fate
    tables: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """When and on whose account bookings are displaced; tables `without` are not given to them."""

    now: datetime
    actor_id: int | None
    without: tuple[int, ...] = ()


def counts(displaced: Iterable[Displaced]) -> dict[str, int]:
    """How many met which fate, as the context of an event."""
    fates = [item.fate for item in displaced]
    return {
        "kept_seats": fates.count("stays"),
        "moved": fates.count("moved"),
        "replanned": fates.count("replanned"),
        "to_people": fates.count("to_people"),
    }


#: What a person is told of each fate.
SENTENCES: Mapping[Fate, str] = {
    "moved": "Moved to other tables",
    "replanned": "Without a table, so being planned again",
    "to_people": "Pinned to their tables, so in review now",
    "stays": "Sitting there already, so left there",
}


def fates_in_words(displaced: Sequence[Displaced]) -> dict[Fate, str]:
    """A sentence for each fate that any booking met, with the references."""
    met = {fate: [item.reference for item in displaced if item.fate == fate] for fate in SENTENCES}
    return {
        fate: f"{SENTENCES[fate]}: {', '.join(references)}." for fate, references in met.items() if references
    }


def holders(*, tables: Collection[int], start: datetime, end: datetime | None) -> Sequence[Booking]:
    """Bookings that hold one of the tables over [start, end) or from `start` on, locked.

    In the order in which they look for others: the earliest first, and of those that start together the
    largest, which has the fewest tables to go to.
    """
    during = Q(allocations__period__overlap=(start, end))
    ids = Booking.objects.filter(
        during, allocations__table__in=list(tables), allocations__active=True
    ).values_list("pk", flat=True)
    locked = Booking.objects.select_for_update().filter(pk__in=list(ids)).order_by("pk")
    # A booking may have been cancelled before its row was locked.
    holding = [booking for booking in locked if not set(tables).isdisjoint(held_tables(booking))]
    return sorted(holding, key=lambda booking: (booking.start_at, -booking.party_size, booking.pk))


def find_another(booking: Booking, restaurant: Restaurant, order: Order) -> Displaced:
    """Give the booking, locked, other tables or another way; the caller is alone with the tables."""
    if booking.status == BookingStatus.CHECKED_IN:
        return _displaced(booking, "stays", held_tables(booking))
    if booking.locked:
        _to_people(booking, order)
        return _displaced(booking, "to_people")
    tables = _move(booking, restaurant, order)
    if tables:
        return _displaced(booking, "moved", tables)
    _plan_again(booking, order)
    return _displaced(booking, "replanned")


def _move(booking: Booking, restaurant: Restaurant, order: Order) -> tuple[int, ...]:
    """Seat the booking elsewhere as things stand; its tables then, none if there is no seat."""
    party = Party(restaurant=restaurant, wish=wish_of(booking), booking_id=booking.pk)
    seat = seating().seat(party=party, now=order.now, moving=False, without=order.without)
    if not isinstance(seat, Seat):
        return ()
    held = held_tables(booking)
    try:
        with transaction.atomic():
            reseat(
                booking=booking,
                held=held,
                tables=seat.tables,
                cause=CAUSE,
                now=order.now,
                actor_id=order.actor_id,
            )
    except AllocationLostError:
        return ()
    return seat.tables


def _plan_again(booking: Booking, order: Order) -> None:
    position = state_machine.position_of(booking)
    *way, last = PATH_TO_PENDING[position.state]
    state_machine.move(
        position=position,
        steps=[*(Step(to=state) for state in way), Step(to=last, reason=CAUSE)],
        at=order.now,
        actor_id=order.actor_id,
        changes={"status": BookingStatus.PENDING, **new_cycle(booking, order.now)},
    )
    release(booking=booking)
    void_pending(booking_id=booking.pk, kinds=STANDING, now=order.now)
    enqueue(ASSIGN_TASK, booking.pk, CAUSE)


def _to_people(booking: Booking, order: Order) -> None:
    """What staff pinned is gone; the pin goes with it."""
    state_machine.move(
        position=state_machine.position_of(booking),
        steps=[Step(to=State.MANUAL_REVIEW, reason=CAUSE, metadata={"was_pinned": True})],
        at=order.now,
        actor_id=order.actor_id,
        changes={
            "status": BookingStatus.PENDING,
            "locked": False,
            "next_attempt_at": None,
            "assignment_cycle_start": booking.assignment_attempts,
        },
    )
    release(booking=booking)
    void_pending(booking_id=booking.pk, kinds=STANDING, now=order.now)
    tell_guest(booking_id=booking.pk, kind=MailKind.RECEIVED)


def _displaced(booking: Booking, fate: Fate, tables: Iterable[int] = ()) -> Displaced:
    return Displaced(
        booking_id=booking.pk,
        reference=booking.reference,
        start=booking.start_at,
        party_size=booking.party_size,
        fate=fate,
        tables=tuple(tables),
    )

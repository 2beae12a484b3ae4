"""Takes tables out of service and back: whoever holds one gets another, or is planned again; nobody is lost.

A booking that can sit elsewhere as things stand is moved in the same transaction and stays confirmed. One
that cannot goes back into assignment, where others may move for it; without a seating it ends with people.
A booking whose tables staff pinned goes to people at once, since they chose. A party that sits keeps its
seats, is reported, and is people's to ask. A guest who was told that he has a table hears nothing: he was
never told which. A mail that says so and has not gone out waits until there is one again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.db import transaction
from django.db.models import Q

from bookings import state_machine
from bookings.allocations import AllocationLostError, be_alone, held_tables, release, reseat
from bookings.capacity import announce_freed
from bookings.intake import ASSIGN_TASK
from bookings.intake_rules import FURTHEST_AHEAD
from bookings.models import Booking, BookingStatus, MailKind, Restaurant, Table, TableBlock
from bookings.outbox.news import STANDING, tell_guest
from bookings.outbox.promise import void_pending
from bookings.queue import enqueue
from bookings.seating import Party, Seat, seating
from bookings.standing import new_cycle
from bookings.state_machine import Step
from bookings.states import PATH_TO_PENDING, State
from bookings.wishes import wish_of
from observability import events

Fate = Literal["moved", "replanned", "to_people", "stays"]

#: Cause of the transitions and moves that a withdrawal brings about; a reason code of the engine's.
CAUSE = "table_withdrawn"


class WithdrawalError(ValueError):
    """A withdrawal that makes no sense: `field` names what is wrong, the message the way out."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


@dataclass(frozen=True, kw_only=True, slots=True)
class Displaced:
    """A booking that holds the table, and what becomes of it; `tables` are those it sits at then.

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
class Withdrawal:
    """What a withdrawal did, or would do; `block` is there if it was a block that was placed."""

    table: Table
    displaced: tuple[Displaced, ...]
    block: TableBlock | None = None

    def with_fate(self, fate: Fate) -> list[Displaced]:
        return [item for item in self.displaced if item.fate == fate]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Order:
    """The table that leaves, from when to when (None: for good), and on whose account."""

    table: Table
    start: datetime
    end: datetime | None
    now: datetime
    actor_id: int | None


def place_block(
    *,
    table: Table,
    start: datetime,
    end: datetime,
    reason: str = "",
    now: datetime,
    actor_id: int | None = None,
) -> Withdrawal:
    """Take a table out of service over [start, end) and give its bookings other seats, in one transaction.

    Raises WithdrawalError for a period that is none or over.
    """
    _check_period(start, end, now)
    with transaction.atomic():
        be_alone(table.restaurant_id)
        block = TableBlock.objects.create(
            restaurant_id=table.restaurant_id, table=table, start_at=start, end_at=end, reason=reason
        )
        displaced = _displace(_Order(table=table, start=start, end=end, now=now, actor_id=actor_id))
    return Withdrawal(table=table, displaced=displaced, block=block)


def deactivate_table(*, table_id: int, now: datetime, actor_id: int | None = None) -> Withdrawal:
    """Take a table out of the floor plan and give its bookings other seats, in one transaction.

    A table that is out already is left as it is.
    """
    with transaction.atomic():
        table = Table.objects.get(pk=table_id)
        be_alone(table.restaurant_id)
        table.refresh_from_db()
        if not table.active:
            return Withdrawal(table=table, displaced=())
        displaced = _displace(_Order(table=table, start=now, end=None, now=now, actor_id=actor_id))
        # Only now: seats are looked for in the floor plan that every process knows, this table left out.
        Table.objects.filter(pk=table_id).update(active=False)
        table.active = False
    return Withdrawal(table=table, displaced=displaced)


def reactivate_table(*, table_id: int, now: datetime, actor_id: int | None = None) -> Table:
    """Put a table back into the floor plan; open reviews are looked at again."""
    with transaction.atomic():
        returned = Table.objects.filter(pk=table_id, active=False).update(active=True)
        table = Table.objects.get(pk=table_id)
        if returned:
            announce_freed(restaurant_id=table.restaurant_id, start=now, end=now + FURTHEST_AHEAD)
            _record("table.returned", table, now, table=table.pk, actor=actor_id)
    return table


def preview(*, table: Table, start: datetime, end: datetime | None, now: datetime) -> Withdrawal:
    """What would become of the table's bookings, if it left over [start, end), or for good without `end`.

    Nothing is changed: it is done and taken back, so that it tells what would be done.
    """
    if end is not None:
        _check_period(start, end, now)
    with transaction.atomic():
        be_alone(table.restaurant_id)
        displaced = _displace(_Order(table=table, start=start, end=end, now=now, actor_id=None))
        transaction.set_rollback(True)
    return Withdrawal(table=table, displaced=displaced)


def _check_period(start: datetime, end: datetime, now: datetime) -> None:
    if end <= start:
        raise WithdrawalError("end", f"{end.isoformat()} is not after the start; give a later one")
    if end <= now:
        raise WithdrawalError("end", f"{end.isoformat()} has passed; a block ends in the future")


def _displace(order: _Order) -> tuple[Displaced, ...]:
    """Find every holder of the table another seat; the caller is alone with the restaurant's tables.

    The earliest first, and of those that start together the largest: it has the fewest tables to go to.
    """
    restaurant = Restaurant.objects.get(pk=order.table.restaurant_id)
    displaced = tuple(_find_another(booking, restaurant, order) for booking in _holders(order))
    if displaced:
        fates = [item.fate for item in displaced]
        _record(
            "table.withdrawn",
            order.table,
            order.now,
            table=order.table.pk,
            kept_seats=fates.count("stays"),
            moved=fates.count("moved"),
            replanned=fates.count("replanned"),
            to_people=fates.count("to_people"),
            actor=order.actor_id,
        )
    return displaced


def _holders(order: _Order) -> Sequence[Booking]:
    """Bookings that hold the table in the period, from now on, locked."""
    start = max(order.start, order.now)
    during = Q(allocations__period__overlap=(start, order.end))
    ids = Booking.objects.filter(
        during, allocations__table=order.table, allocations__active=True
    ).values_list("pk", flat=True)
    locked = Booking.objects.select_for_update().filter(pk__in=list(ids)).order_by("pk")
    # A booking may have been cancelled before its row was locked.
    holding = [booking for booking in locked if order.table.pk in held_tables(booking)]
    return sorted(holding, key=lambda booking: (booking.start_at, -booking.party_size, booking.pk))


def _find_another(booking: Booking, restaurant: Restaurant, order: _Order) -> Displaced:
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


def _move(booking: Booking, restaurant: Restaurant, order: _Order) -> tuple[int, ...]:
    """Seat the booking elsewhere as things stand; its tables then, none if there is no seat."""
    party = Party(restaurant=restaurant, wish=wish_of(booking), booking_id=booking.pk)
    seat = seating().seat(party=party, now=order.now, moving=False, without=[order.table.pk])
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


def _plan_again(booking: Booking, order: _Order) -> None:
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


def _to_people(booking: Booking, order: _Order) -> None:
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


def _record(event_type: str, of: Table, now: datetime, /, **context: int | None) -> None:
    events.record(
        [
            events.Record(
                source=events.BOOKINGS,
                event_type=event_type,
                at=now,
                restaurant_id=of.restaurant_id,
                context=context,
            )
        ]
    )

"""The booking that is chosen on the floor: what can be done with it, and where it could sit."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from assignments.models import ReviewCase
from assignments.seats import free_seats
from bookings.allocations import held_tables
from bookings.models import Booking, BookingStatus, Restaurant, Table
from config.console.floor.evening import Evening, Seated
from config.console.floor.shapes import Candidate
from config.console.local_time import LocalTime, local_time

#: Seats that have a button of their own; the others open beside them.
AT_HAND = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """Free tables a booking could have; `value` is what the form sends."""

    label: str
    value: str
    slack: int
    tables: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Picked:
    """The chosen booking and the steps that follow from its status.

    `offers` are at hand, `more` behind them. One in review is seated by them, one that sits is moved; one
    that a worker plans is left to it and has none.
    """

    booking: Booking
    start: LocalTime
    tables: str
    steps: tuple[tuple[str, str], ...]
    offers: tuple[Offer, ...]
    more: tuple[Offer, ...]
    case_id: int | None
    conflict: str

    @property
    def free(self) -> int:
        """How many seats it could have."""
        return len(self.offers) + len(self.more)


def picked_booking(restaurant: Restaurant, evening: Evening, wanted: str, *, now: datetime) -> Picked | None:
    """The booking of this restaurant that the address asks for."""
    if not wanted.isdecimal() or len(wanted) > 18:
        return None
    rows = Booking.objects.select_related("restaurant", "zone")
    booking = rows.filter(pk=int(wanted), restaurant=restaurant).first()
    if booking is None:
        return None
    tables = {table.pk: table for table in evening.tables}
    held = held_tables(booking)
    open_case = ReviewCase.objects.filter(booking=booking, closed_at__isnull=True).first()
    overrun = evening.conflicts().get(booking.pk)
    offers = _offers(booking, held, tables, now) if held or open_case else ()
    return Picked(
        booking=booking,
        start=local_time(booking.start_at, booking.restaurant),
        tables=" + ".join(tables[pk].number for pk in held if pk in tables),
        steps=_steps(booking, now),
        offers=offers[:AT_HAND],
        more=offers[AT_HAND:],
        case_id=open_case.pk if open_case else None,
        conflict=f"{overrun.reference} still sits at its table; move this party" if overrun else "",
    )


def candidate_of(picked: Picked) -> Candidate:
    """The chosen booking as the picture shows it: itself, and a ghost wherever it could sit."""
    booking = picked.booking
    return Candidate(
        booking=Seated(
            pk=booking.pk,
            reference=booking.reference,
            party_size=booking.party_size,
            start=booking.start_at,
            end=booking.end_at,
            status=booking.status,
            locked=booking.locked,
            tables=(),
        ),
        seats=tuple((offer.tables, offer.value) for offer in (*picked.offers, *picked.more)),
        verb="Seat" if picked.case_id else "Move",
    )


def _steps(booking: Booking, now: datetime) -> tuple[tuple[str, str], ...]:
    """What follows from the status: (name of the action, verb)."""
    if booking.status == BookingStatus.CHECKED_IN:
        return (("complete", "They left"),)
    if booking.status != BookingStatus.CONFIRMED:
        return ()
    pinned = ("unlock", "Unlock") if booking.locked else ("lock", "Lock to its table")
    no_show = (("no-show", "No-show"),) if now >= booking.start_at else ()
    return (("check-in", "Check in"), *no_show, pinned)


def _offers(
    booking: Booking, held: tuple[int, ...], tables: Mapping[int, Table], now: datetime
) -> tuple[Offer, ...]:
    """Free tables other than its own, best first."""
    return tuple(
        Offer(
            label=" + ".join(tables[pk].number for pk in seat.tables),
            value=",".join(map(str, seat.tables)),
            slack=sum(tables[pk].capacity for pk in seat.tables) - booking.party_size,
            tables=seat.tables,
        )
        for seat in free_seats(booking=booking, now=now)
        if set(seat.tables) != set(held) and all(pk in tables for pk in seat.tables)
    )

"""What a changed booking would be: the rules of intake, asked again for whatever is new."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bookings.calendar import Calendar, load_calendar
from bookings.change_request import UNSET, BookingChange
from bookings.intake_rules import (
    IntakeError,
    check_email,
    check_needs,
    check_pacing,
    check_party,
    check_texts,
    instant,
    stay_of,
)
from bookings.models import Booking
from bookings.wishes import Wish, wish_of

#: No party sits longer than this; an end beyond is a slip in the date.
LONGEST_STAY = timedelta(hours=24)

GUEST_FIELDS = ("guest_name", "guest_email", "guest_phone", "notes")


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """The wish the booking would have, and the guest's columns that differ from today's."""

    wish: Wish
    guest: Mapping[str, str]


def guest_columns(booking: Booking, change: BookingChange) -> dict[str, str]:
    """The guest's data that the change replaces. Raises IntakeError for what cannot be kept."""
    given = {name: value for name in GUEST_FIELDS if (value := getattr(change, name)) is not UNSET}
    check_texts(given)
    check_email(given.get("guest_email", ""))
    return {name: value for name, value in given.items() if value != getattr(booking, name)}


def asked_of(booking: Booking, change: BookingChange, *, now: datetime, by_staff: bool = False) -> Asked:
    """What the booking would be after the change.

    Size, time and needs that stay as they are were checked when they came in and are not checked again.
    Raises IntakeError, naming field and way out, for what the house's rules refuse.
    """
    guest = guest_columns(booking, change)
    needs = _needs(booking, change)
    party_size, start, end = _stay(booking, change, now=now, by_staff=by_staff)
    return Asked(wish=Wish(party_size=party_size, start=start, end=end, **needs), guest=guest)


def asked_of_seated(booking: Booking, change: BookingChange, *, now: datetime) -> Asked:
    """What a party that sits may ask for: another end, and its guest's data.

    Raises IntakeError for anything else; what it asks for as it is does no harm.
    """
    guest = guest_columns(booking, change)
    zone_id = booking.zone_id if change.zone is UNSET else change.zone and change.zone.pk
    for field, now_is, asked in (
        ("party_size", booking.party_size, change.party_size),
        ("start", booking.start_at, change.start),
        ("zone", booking.zone_id, zone_id),
        (
            "requires",
            set(booking.requires),
            change.requires if change.requires is UNSET else set(change.requires),
        ),
    ):
        if asked is not UNSET and asked != now_is:
            raise IntakeError(field, f"{booking.reference} is checked in; only its end can be changed")
    wish = wish_of(booking)
    if change.end is UNSET or change.end is None:
        return Asked(wish=wish, guest=guest)
    end = instant(load_calendar(booking.restaurant), "end", change.end)
    if not now < end <= booking.start_at + LONGEST_STAY:
        raise IntakeError(
            "end", f"{change.end.isoformat()} has passed or is no end of this evening; check the time"
        )
    return Asked(wish=replace(wish, end=end), guest=guest)


def _needs(booking: Booking, change: BookingChange) -> dict[str, Any]:
    zone_id, requires = booking.zone_id, frozenset(booking.requires)
    if change.zone is not UNSET:
        check_needs(booking.restaurant, change.zone, ())
        zone_id = change.zone.pk if change.zone else None
    if change.requires is not UNSET:
        check_needs(booking.restaurant, None, change.requires)
        requires = frozenset(change.requires)
    return {"zone_id": zone_id, "requires": requires}


def _stay(
    booking: Booking, change: BookingChange, *, now: datetime, by_staff: bool
) -> tuple[int, datetime, datetime]:
    """Size and period after the change, checked against calendar and pacing if they are new."""
    restaurant = booking.restaurant
    party_size = booking.party_size if change.party_size is UNSET else change.party_size
    if party_size != booking.party_size:
        check_party(restaurant, party_size, by_staff=by_staff)
    calendar = load_calendar(restaurant)
    start = booking.start_at if change.start is UNSET else instant(calendar, "start", change.start)
    end = _wanted_end(booking, change, calendar, start=start, party_size=party_size)
    as_before = (party_size, start, end) == (booking.party_size, booking.start_at, booking.end_at)
    if as_before:
        return party_size, start, booking.end_at
    stay = stay_of(restaurant=restaurant, party_size=party_size, start=start, end=end, now=now)
    arrives_anew = party_size > booking.party_size or start != booking.start_at
    if arrives_anew and not by_staff:
        check_pacing(restaurant, stay, party_size, now=now, but=booking.pk)
    return party_size, stay.start, stay.end


def _wanted_end(
    booking: Booking, change: BookingChange, calendar: Calendar, *, start: datetime, party_size: int
) -> datetime | None:
    """The end asked for; None: the turn time. A length somebody chose is kept, a turn time is not."""
    if change.end is not UNSET:
        return change.end and instant(calendar, "end", change.end)
    if start == booking.start_at and party_size == booking.party_size:
        return booking.end_at
    length = booking.end_at - booking.start_at
    return None if length == _turn_time(booking, calendar) else start + length


def _turn_time(booking: Booking, calendar: Calendar) -> timedelta | None:
    """How long the house would have the booking stay as it is; None outside its services."""
    sitting = calendar.sitting_at(booking.start_at)
    if sitting is None:
        return None
    return calendar.stay(service_name=sitting.name, party_size=booking.party_size)

"""Alternatives that can really be booked: a free table, within a service, and with room for arrivals."""

from datetime import datetime

from bookings.calendar import Calendar, load_calendar
from bookings.pacing import Pace, has_room, pace_of
from bookings.seating import Alternative, Party, seating
from bookings.wishes import Wish


def offers_for(*, party: Party, now: datetime) -> tuple[Alternative, ...]:
    """The nearest wishes that the intake would take and a table is free for, the nearest first."""
    found = seating().alternatives(party=party, now=now)
    calendar, pace = load_calendar(party.restaurant), pace_of(party.restaurant)
    return tuple(
        item for item in found if _in_service(calendar, item.wish) and _has_room(pace, party, item.wish)
    )


def _in_service(calendar: Calendar, wish: Wish) -> bool:
    sitting = calendar.sitting_at(wish.start)
    return sitting is not None and sitting.takes(wish.start, wish.end)


def _has_room(pace: Pace | None, party: Party, wish: Wish) -> bool:
    return pace is None or has_room(
        pace=pace,
        restaurant_id=party.restaurant.pk,
        start=wish.start,
        party_size=wish.party_size,
        but=party.booking_id,
    )

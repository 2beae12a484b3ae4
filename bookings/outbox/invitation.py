"""The calendar part of a letter (iCalendar, RFC 5545; sent as iTIP over mail, RFC 6047)."""

from datetime import UTC, datetime
from email.utils import parseaddr
from typing import Literal

from django.conf import settings
from icalendar import Calendar, Event, vCalAddress

from bookings.models import Booking, MailKind

Method = Literal["REQUEST", "CANCEL"]

#: What a guest's calendar does with a mail of each kind; "received" is no appointment yet.
METHODS: dict[str, Method] = {
    MailKind.CONFIRMATION: "REQUEST",
    MailKind.CHANGED: "REQUEST",
    MailKind.CANCELLED: "CANCEL",
    # The booking may have been confirmed before; calendars pass over a CANCEL of what they lack.
    MailKind.DECLINED: "CANCEL",
}


def write_invitation(
    *, booking: Booking, method: Method, sequence: int, restaurant_name: str, at: datetime
) -> str:
    """The appointment as iCalendar text. Its UID stays the same for the booking's whole life.

    Times are instants in UTC, which every calendar shows on its reader's clock. `sequence` must not fall
    from one mail to the next, or calendars keep what they have; of two equal ones the later `at` counts.
    """
    event = Event()
    event.add("uid", f"{booking.reference}@table-assignment")
    event.add("sequence", sequence)
    event.add("dtstamp", at.astimezone(UTC))
    event.add("dtstart", booking.start_at.astimezone(UTC))
    event.add("dtend", booking.end_at.astimezone(UTC))
    event.add("summary", f"Table at {restaurant_name}")
    event.add("location", restaurant_name)
    event.add("description", f"Guests: {booking.party_size}\nReference: {booking.reference}")
    event.add("status", "CANCELLED" if method == "CANCEL" else "CONFIRMED")
    event.add("organizer", vCalAddress(f"mailto:{parseaddr(settings.DEFAULT_FROM_EMAIL)[1]}"))
    event.add("attendee", vCalAddress(f"mailto:{booking.guest_email}"))
    calendar = Calendar()
    calendar.add("prodid", "-//table-assignment//bookings//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    calendar.add_component(event)
    written: bytes = calendar.to_ical()
    return written.decode()

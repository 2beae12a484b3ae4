"""Columns of exported bookings. The first are called as the import calls them: a file goes back in."""

from collections.abc import Mapping
from datetime import datetime

from bookings.models import Booking
from observability.exports import Column


def _local(booking: Booking, moment: datetime) -> datetime:
    """On the restaurant's clock; the offset tells the instant."""
    return moment.astimezone(booking.restaurant.tzinfo)


EXPORTED: Mapping[str, Column] = {
    "reference": lambda booking: booking.reference,
    "restaurant": lambda booking: booking.restaurant.slug,
    "start": lambda booking: _local(booking, booking.start_at),
    "end": lambda booking: _local(booking, booking.end_at),
    "party_size": lambda booking: booking.party_size,
    "received_at": lambda booking: _local(booking, booking.created_at),
    "status": lambda booking: booking.status,
    "channel": lambda booking: booking.channel,
    "name": lambda booking: booking.guest_name,
    "email": lambda booking: booking.guest_email,
    "phone": lambda booking: booking.guest_phone,
    "notes": lambda booking: booking.notes,
    "zone": lambda booking: booking.zone.name if booking.zone else "",
    "requires": lambda booking: booking.requires,
    "assignment_state": lambda booking: booking.assignment_state,
    "strategy": lambda booking: booking.assignment_strategy,
    "tables": lambda booking: [allocation.table.number for allocation in booking.held],
    "locked": lambda booking: "yes" if booking.locked else "no",
}

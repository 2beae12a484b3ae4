"""Permits taken without a run, by the statement that the claim takes them with."""

import uuid

from django.db import connection

from assignments.protection import permits
from assignments.protection.permits import FREE, LEASE, TAKE, Permit
from bookings.models import Booking


def take_permit(booking: Booking, *, limit: int) -> Permit | None:
    """Take a permit in the current transaction, or None if `limit` runs are alive."""
    token = uuid.uuid4()
    permits.make_slots(booking.restaurant_id)
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH {FREE} {TAKE} WHERE assignment_slots.id = free.id RETURNING 1 + (SELECT runs FROM live)",
            {
                "restaurant": booking.restaurant_id,
                "booking": booking.pk,
                "limit": limit,
                "token": token,
                "lease": LEASE.total_seconds(),
            },
        )
        row = cursor.fetchone()
    return row and Permit(booking_id=booking.pk, token=token, in_use=row[0], limit=limit)

"""Permits: at most a few runs per restaurant at once, over all workers, each with a lease.

A permit is a slot row in the booking database, taken in the claim's transaction and freed in the
one that finishes the run. SKIP LOCKED lets claimants pass a slot that another is just taking, and
the lease is measured by the database's clock, so neither a slow worker nor a flushed Redis breaks
the limit.
"""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection

from assignments.models import MAX_SLOTS, Slot

#: How long a run may take before others may take its slot; above the queue's task timeout.
LEASE = timedelta(seconds=settings.ASSIGNMENT_LEASE_SECONDS)


class LeaseLostError(Exception):
    """The run's lease has lapsed or was taken over: it may no longer write. Trying again cannot help it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Permit:
    """A taken slot. `token` is what the finishing transaction must still find in it."""

    booking_id: int
    token: uuid.UUID
    in_use: int
    limit: int


def take(*, restaurant_id: int, booking_id: int, limit: int, lease: timedelta = LEASE) -> Permit | None:
    """Take a free or lapsed slot in the current transaction, or None if `limit` runs are alive."""
    permit = _take_slot(restaurant_id, booking_id, limit, lease)
    if permit is None and _make_slots(restaurant_id):
        permit = _take_slot(restaurant_id, booking_id, limit, lease)
    return permit


def give_back(permit: Permit) -> None:
    """Free the slot in the current transaction.

    Raises LeaseLostError if the lease has lapsed or the slot is another run's by now; the caller's
    transaction must then roll back. This is the fence against a worker that was stopped and woke up.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE assignment_slots SET booking_id = NULL, token = NULL, lease_until = NULL
            WHERE booking_id = %s AND token = %s AND lease_until > clock_timestamp()
            """,
            [permit.booking_id, permit.token],
        )
        if cursor.rowcount != 1:
            raise LeaseLostError(f"the lease of booking {permit.booking_id} has lapsed")


def abandon(permit: Permit) -> None:
    """Free the slot if it is still this run's: the run gave up before writing anything."""
    Slot.objects.filter(booking_id=permit.booking_id, token=permit.token).update(
        booking=None, token=None, lease_until=None
    )


def _take_slot(restaurant_id: int, booking_id: int, limit: int, lease: timedelta) -> Permit | None:
    """A booking is in one slot at most, so the one an earlier run of it left comes first.

    Even one whose lease lives: the booking was changed under that run, which has lost it with its version.
    """
    token = uuid.uuid4()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH live AS (
                SELECT count(*) AS runs FROM assignment_slots
                WHERE restaurant_id = %(restaurant)s AND lease_until > clock_timestamp()
                  AND booking_id <> %(booking)s)
            UPDATE assignment_slots
            SET booking_id = %(booking)s, token = %(token)s,
                lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
            WHERE id = (
                SELECT id FROM assignment_slots, live
                WHERE restaurant_id = %(restaurant)s AND live.runs < %(limit)s
                  AND (number <= %(limit)s OR booking_id = %(booking)s)
                  AND (lease_until IS NULL OR lease_until <= clock_timestamp() OR booking_id = %(booking)s)
                ORDER BY (booking_id = %(booking)s) IS TRUE DESC, number
                LIMIT 1 FOR UPDATE OF assignment_slots SKIP LOCKED)
            RETURNING 1 + (SELECT runs FROM live)
            """,
            {
                "booking": booking_id,
                "token": token,
                "lease": lease.total_seconds(),
                "restaurant": restaurant_id,
                "limit": limit,
            },
        )
        row = cursor.fetchone()
    return row and Permit(booking_id=booking_id, token=token, in_use=row[0], limit=limit)


def _make_slots(restaurant_id: int) -> bool:
    """Give a restaurant its slot rows on its first claim; False if it has them."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO assignment_slots (restaurant_id, number)
            SELECT %s, number FROM generate_series(1, %s) number ON CONFLICT DO NOTHING
            """,
            [restaurant_id, MAX_SLOTS],
        )
        return bool(cursor.rowcount > 0)

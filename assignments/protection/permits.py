"""Permits: at most a few runs per restaurant at once, over all workers, each with a lease.

A permit is a slot row in the booking database, taken in the statement that claims the booking and freed
in the transaction that finishes the run. SKIP LOCKED lets claimants pass a slot that another is just
taking, and the lease is measured by the database's clock, so neither a slow worker nor a flushed Redis
breaks the limit.
"""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection

from assignments.models import MAX_SLOTS, Slot

#: How long a run may take before others may take its slot; above the queue's task timeout.
LEASE = timedelta(seconds=settings.ASSIGNMENT_LEASE_SECONDS)

#: CTEs: `live` counts the restaurant's other runs, `free` is the slot to take, if there is one. A booking
#: is in one slot at most, so the one an earlier run of it left comes first. Even one whose lease lives: the
#: booking was changed under that run, which has lost it with its version.
FREE = """
live AS (
    SELECT count(*)::int AS runs FROM assignment_slots
    WHERE restaurant_id = %(restaurant)s AND lease_until > clock_timestamp()
      AND booking_id <> %(booking)s),
free AS (
    SELECT slot.id FROM assignment_slots slot, live
    WHERE restaurant_id = %(restaurant)s AND live.runs < %(limit)s
      AND (number <= %(limit)s OR booking_id = %(booking)s)
      AND (lease_until IS NULL OR lease_until <= clock_timestamp() OR booking_id = %(booking)s)
    ORDER BY (booking_id = %(booking)s) IS TRUE DESC, number
    LIMIT 1 FOR UPDATE OF slot SKIP LOCKED)"""

#: Takes the slot `free`; to be followed by what else it depends on.
TAKE = """
UPDATE assignment_slots
SET booking_id = %(booking)s, token = %(token)s,
    lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
FROM free"""

#: Frees the slot of a run that is still alive.
GIVE_BACK = """
UPDATE assignment_slots SET booking_id = NULL, token = NULL, lease_until = NULL
WHERE booking_id = %(booking)s AND token = %(token)s AND lease_until > clock_timestamp()"""


class LeaseLostError(Exception):
    """The run's lease has lapsed or was taken over: it may no longer write. Trying again cannot help it."""

    def __init__(self, booking_id: int) -> None:
        super().__init__(f"the lease of booking {booking_id} has lapsed")


@dataclass(frozen=True, kw_only=True, slots=True)
class Permit:
    """A taken slot. `token` is what the finishing transaction must still find in it."""

    booking_id: int
    token: uuid.UUID
    in_use: int
    limit: int


def give_back(permit: Permit) -> None:
    """Free the slot in the current transaction.

    Raises LeaseLostError if the lease has lapsed or the slot is another run's by now; the caller's
    transaction must then roll back. This is the fence against a worker that was stopped and woke up.
    """
    with connection.cursor() as cursor:
        cursor.execute(GIVE_BACK, {"booking": permit.booking_id, "token": permit.token})
        if cursor.rowcount != 1:
            raise LeaseLostError(permit.booking_id)


def abandon(permit: Permit) -> None:
    """Free the slot if it is still this run's: the run gave up before writing anything."""
    Slot.objects.filter(booking_id=permit.booking_id, token=permit.token).update(
        booking=None, token=None, lease_until=None
    )


def make_slots(restaurant_id: int) -> bool:
    """Give a restaurant its slot rows before its first claim; False if it has them."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO assignment_slots (restaurant_id, number)
            SELECT %s, number FROM generate_series(1, %s) number ON CONFLICT DO NOTHING
            """,
            [restaurant_id, MAX_SLOTS],
        )
        return bool(cursor.rowcount > 0)

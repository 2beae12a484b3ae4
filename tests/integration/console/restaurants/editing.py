"""The editor as its tests use it: a form is opened, filled in and sent."""

import re
from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from assignments.coordinator import process_booking
from bookings.models import (
    Booking,
    Restaurant,
    Table,
)
from bookings.states import State
from tests.factories import receive


def seated(house: Restaurant, **wishes: Any) -> Booking:
    """A confirmed booking tomorrow at seven."""
    start = (timezone.now() + timedelta(days=1)).replace(hour=19, minute=0, second=0, microsecond=0)
    booking = receive(house, now=timezone.now(), **{"start": start, **wishes})
    process_booking(booking_id=booking.pk, trigger="test")
    booking.refresh_from_db()
    assert booking.assignment_state == State.CONFIRMED
    return booking


def table_of(booking: Booking) -> Table:
    return booking.allocations.get(active=True).table


def seen(page: str) -> str:
    found = re.search(r'name="seen" value="([^"]*)"', page)
    assert found
    return found.group(1)


def sure(page: str) -> str:
    found = re.search(r'name="sure" value="([^"]*)"', page)
    assert found
    return found.group(1)


def values(table: Table, **other: Any) -> dict[str, Any]:
    return {
        "number": table.number, "zone": table.zone_id, "capacity": table.capacity,
        "min_party": table.min_party, "max_party": table.max_party, "movable": "on", **other,
    }  # fmt: skip


def opened(client: Client, address: str) -> dict[str, str]:
    """What the form at an address carries."""
    return {"seen": seen(client.get(address).content.decode())}


def post(client: Client, address: str, **sent: Any) -> HttpResponse:
    """Open the form and send it."""
    return client.post(address, {**opened(client, address), **sent})  # type: ignore[return-value]

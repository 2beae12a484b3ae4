"""Inserts many bookings with one parameter.

Django writes a placeholder for each column of each row, and both it and the driver take each of them in hand:
for hundreds of rows that takes several times as long as the database does.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from django.db import connection

from bookings.models import Booking


def insert_all(bookings: Sequence[Booking]) -> None:
    """Insert bookings that are not saved yet, each with all of its columns set, and give them their ids."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('bookings', 'id')) FROM generate_series(1, %s)",
            [len(bookings)],
        )
        for booking, (drawn,) in zip(bookings, cursor.fetchall(), strict=True):
            booking.pk = drawn
        cursor.execute(_statement(), [json.dumps([_row(booking) for booking in bookings], default=_as_text)])


def _row(booking: Booking) -> dict[str, Any]:
    return {str(field.column): field.value_from_object(booking) for field in Booking._meta.concrete_fields}  # noqa: SLF001


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


@cache
def _statement() -> str:
    columns = ", ".join(f'"{field.column}"' for field in Booking._meta.concrete_fields)  # noqa: SLF001
    return (
        f"INSERT INTO bookings ({columns}) "  # noqa: S608 - the names are the model's
        f"SELECT {columns} FROM json_populate_recordset(NULL::bookings, %s::json)"
    )

"""Reads the booking of a run, with what is needed of its restaurant, in one prepared statement.

The same objects as `select_related` gives. Django would build the query anew for each booking, which takes
several times as long as running it.
"""

from functools import cache
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Model

from bookings.models import Booking, PacingLimit, Restaurant

Row = TypeVar("Row", bound=Model)

#: Not read: nothing on the way needs it, and it is the one column that wants converting.
_LEFT_OUT = frozenset({"auto_assign_last_result"})


def load_booking(booking_id: int) -> Booking:
    """The booking with its restaurant and the restaurant's pacing. Raises Booking.DoesNotExist."""
    with connection.cursor() as cursor:
        cursor.execute(_statement(), [booking_id])
        values = cursor.fetchone()
    if values is None:
        raise Booking.DoesNotExist(f"there is no booking {booking_id}")
    after_booking = len(_columns(Booking))
    after_restaurant = after_booking + len(_columns(Restaurant))
    booking = _row(Booking, values[:after_booking])
    restaurant = _row(Restaurant, values[after_booking:after_restaurant])
    pacing = values[after_restaurant:]
    Restaurant.pacing.related.set_cached_value(restaurant, _row(PacingLimit, pacing) if pacing[0] else None)
    booking.restaurant = restaurant
    return booking


def _row(model: type[Row], values: tuple[Any, ...]) -> Row:
    return model.from_db(connection.alias, _columns(model), values)


@cache
def _columns(model: type[Model]) -> list[str]:
    fields = model._meta.concrete_fields  # noqa: SLF001 - Django documents it
    return [field.attname for field in fields if field.attname not in _LEFT_OUT]


@cache
def _statement() -> str:
    columns = ", ".join(
        f'{table}."{name}"'
        for table, model in (
            ("bookings", Booking),
            ("restaurants", Restaurant),
            ("pacing_limits", PacingLimit),
        )
        for name in _columns(model)
    )
    return f"""
        SELECT {columns} FROM bookings JOIN restaurants ON restaurants.id = bookings.restaurant_id
        LEFT JOIN pacing_limits ON pacing_limits.restaurant_id = restaurants.id
        WHERE bookings.id = %s
    """  # noqa: S608 - the names are the models'

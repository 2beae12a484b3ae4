"""Times as the console shows them: the restaurant's, zone named, with UTC to look up."""

from dataclasses import dataclass
from datetime import UTC, datetime

from bookings.display.show import zone_name
from bookings.models import Restaurant


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalTime:
    """`day` as in "Fri 5 Mar", `clock` as in "19:00 GMT", `utc` for the title, `iso` for machines."""

    day: str
    clock: str
    utc: str
    iso: str


def local_time(moment: datetime, restaurant: Restaurant) -> LocalTime:
    local = moment.astimezone(restaurant.tzinfo)
    return LocalTime(
        day=f"{local:%a} {local.day} {local:%b}",
        clock=f"{local:%H:%M} {zone_name(local)}",
        utc=f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
        iso=moment.astimezone(UTC).isoformat(timespec="seconds"),
    )

"""Which column of a file holds which field of a booking."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bookings.imports.errors import FileError
from bookings.imports.options import Options

#: What a row can say, with what columns of other systems are called that hold it.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "reference": ("booking reference", "booking id", "confirmation number", "ref"),
    "restaurant": ("venue", "location", "outlet", "restaurant slug", "restaurant name"),
    "start": ("starts at", "start at", "start time", "date time", "datetime", "arrival", "reservation time"),
    "end": ("ends at", "end at", "end time", "departure"),
    "party_size": ("party", "covers", "guests", "pax", "people", "seats", "number of guests"),
    "received_at": ("created at", "created", "booked at", "received"),
    "status": ("state", "booking status"),
    "channel": ("source", "origin"),
    "name": ("guest name", "guest", "customer", "customer name", "full name"),
    "email": ("e mail", "mail", "guest email", "customer email", "email address"),
    "phone": ("telephone", "mobile", "guest phone", "phone number", "tel"),
    "notes": ("note", "comments", "comment", "remarks", "special requests"),
    "zone": ("area", "section"),
    "requires": ("needs", "requirements", "attributes"),
}

#: Without these a row is no booking; the restaurant may be given for all rows instead.
NEEDED = ("restaurant", "start", "party_size")


@dataclass(frozen=True, kw_only=True, slots=True)
class Mapped:
    """The place of each mapped field among a file's columns."""

    places: Mapping[str, int]

    def cells(self, cells: Sequence[str]) -> dict[str, str]:
        """The fields of a row, without surrounding blanks; those left empty are left out."""
        found = {field: cells[place].strip() for field, place in self.places.items()}
        return {field: cell for field, cell in found.items() if cell}


def mapped(*, columns: Sequence[str], options: Options) -> Mapped:
    """Where to find what. If no column is mapped, those named like a field hold it.

    Raises FileError for a column or field that does not exist, a field asked for twice, and one that is
    needed and missing.
    """
    wanted = dict(options.columns) or _named_like_fields(columns, options)
    if options.restaurant_column:
        wanted[options.restaurant_column] = "restaurant"
    places = {_field(name): _place(column, columns) for column, name in wanted.items()}
    if len(places) < len(wanted):
        doubled = sorted(name for name in wanted.values() if list(wanted.values()).count(name) > 1)
        raise FileError(f"two columns are mapped to {doubled[0]}; map one of them")
    if options.restaurant and "restaurant" in places:
        raise FileError("a restaurant is given for all rows and mapped to a column as well; choose one")
    missing = [
        name for name in NEEDED if name not in places and not (name == "restaurant" and options.restaurant)
    ]
    if missing:
        raise FileError(
            f'no column is mapped to {" and ".join(missing)}; map one, such as "COLUMN={missing[0]}"; '
            f"columns: {_listed(columns)}"
        )
    return Mapped(places=places)


def _named_like_fields(columns: Sequence[str], options: Options) -> dict[str, str]:
    told = {"restaurant"} if options.restaurant or options.restaurant_column else set()
    return {field: field for field in FIELDS if field in columns and field not in told}


def suggested(columns: Sequence[str]) -> dict[str, str]:
    """Column to field for columns whose names tell what they hold; each field once, the first one wins."""
    known = {_plain(name): field for field, others in FIELDS.items() for name in (field, *others)}
    found: dict[str, str] = {}
    for column in columns:
        field = known.get(_plain(column))
        if field and field not in found.values():
            found[column] = field
    return found


def _plain(name: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", name.lower()))


def _field(name: str) -> str:
    if name not in FIELDS:
        raise FileError(f"{name!r} is no field; fields: {', '.join(FIELDS)}")
    return name


def _place(column: str, columns: Sequence[str]) -> int:
    if not column or column not in columns:
        raise FileError(f"the file has no column {column!r}; columns: {_listed(columns)}")
    return columns.index(column)


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(name for name in columns if name)

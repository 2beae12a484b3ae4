"""Sections of the booking page. The floors above add theirs; this one does not know them.

Each section reads a bounded number of rows with a fixed number of queries, and gives its template
plain data.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from bookings.models import Booking

#: Most rows a section shows; the lists show the rest.
MOST_ROWS = 50

Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """`rows` for `template`; `more` if there are others, which the list `all_url` shows."""

    title: str
    template: str
    rows: Sequence[Any]
    more: bool = False
    all_url: str = ""
    empty: str = "None."


Source = Callable[[Booking], Section]

_sources: list[tuple[int, Source]] = []


def booking_section(place: int) -> Callable[[Source], Source]:
    """Have the booking page show what this function gives; lower places stand higher."""

    def add(source: Source) -> Source:
        _sources.append((place, source))
        return source

    return add


def sections_of(booking: Booking) -> list[Section]:
    """All sections of a booking's page, from the top."""
    ordered = sorted(_sources, key=lambda entry: entry[0])
    return [source(booking) for _, source in ordered]


def bounded(rows: Iterable[Item]) -> tuple[list[Item], bool]:
    """The first rows of what was read with one more than shown, and whether there are more."""
    found = list(rows)
    return found[:MOST_ROWS], len(found) > MOST_ROWS

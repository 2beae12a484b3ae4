"""Pages of the events by key: any page costs what the first does, and what is written moves none.

The key is time and id. No index holds the events of all restaurants in that order, for it would be as large
as all the others: a page is sought in slices of time, each wider than the last, of which the summaries of
the table's pages (BRIN) or the index of a restaurant tell where they lie. Few slices reach back for ever.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Q, QuerySet

from observability.models import Event

#: Lengths of the slices; what lies beyond the last is one more.
SLICES = (
    timedelta(minutes=1),
    timedelta(minutes=15),
    timedelta(hours=3),
    timedelta(days=1),
    timedelta(days=7),
)

FIRST, LAST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """The place of an event in the list."""

    at: datetime
    id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Events, the newest first, and whether there are any beyond either end."""

    events: tuple[Event, ...]
    is_newer: bool
    is_older: bool


def older(rows: QuerySet[Event], *, than: Key | None, now: datetime, size: int) -> Page:
    """The events next below a key, or the latest; a query for each slice it takes, at most seven."""
    newest = than.at if than else None
    below = rows.filter(Q(created_at__lt=than.at) | Q(created_at=than.at, id__lt=than.id)) if than else rows
    found: list[Event] = []
    for start, end in _back(newest, now):
        part = below.filter(created_at__gte=start, created_at__lt=end).order_by("-created_at", "-id")
        found += part[: size + 1 - len(found)]
        if len(found) > size:
            break
    return Page(events=tuple(found[:size]), is_newer=than is not None, is_older=len(found) > size)


def newer(rows: QuerySet[Event], *, than: Key, now: datetime, size: int) -> Page:
    """The events next above a key, told newest first as well."""
    above = rows.filter(Q(created_at__gt=than.at) | Q(created_at=than.at, id__gt=than.id))
    found: list[Event] = []
    for start, end in _ahead(than.at, now):
        part = above.filter(created_at__gte=start, created_at__lt=end).order_by("created_at", "id")
        found += part[: size + 1 - len(found)]
        if len(found) > size:
            break
    return Page(events=tuple(found[:size][::-1]), is_newer=len(found) > size, is_older=True)


def _back(newest: datetime | None, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Slices [start, end) that go back from a moment; what is dated ahead of now comes first."""
    end = LAST if newest is None else newest + timedelta(microseconds=1)
    reached = min(end, now)
    for length in SLICES:
        yield reached - length, end
        end = reached = reached - length
    yield FIRST, end


def _ahead(oldest: datetime, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    start = oldest
    for length in SLICES:
        if start + length >= now:
            break
        yield start, start + length
        start += length
    yield start, LAST

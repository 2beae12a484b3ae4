"""A row's cells as values. Pure: what they mean in a restaurant is looked up later.

Any text is either understood or refused with a RowError; nothing else is ever raised.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from bookings.calendar import LocalTimeError, resolve_local
from bookings.imports.errors import RowError
from bookings.intake import MOST_GUESTS
from bookings.models import BookingStatus

#: Dates before are slips in the year: nobody brings older bookings along.
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)

#: Other spellings of a status.
_STATUS_WORDS = {
    "canceled": BookingStatus.CANCELLED,
    "noshow": BookingStatus.NO_SHOW,
    "seated": BookingStatus.CHECKED_IN,
    "finished": BookingStatus.COMPLETED,
    "booked": BookingStatus.CONFIRMED,
}

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d{1,6})?)? ?(Z|[+-]\d\d:?\d\d)?", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """What tells a row from others. Naive moments are local to the restaurant."""

    restaurant: str
    start: datetime
    party_size: int
    received_at: datetime | None
    reference: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Details:
    """What else a row says."""

    end: datetime | None
    status: BookingStatus | None
    requires: tuple[str, ...]
    channel: str
    name: str
    email: str
    phone: str
    notes: str
    zone: str


def identity_of(cells: Mapping[str, str], *, restaurant: str = "") -> Identity:
    """The identity in cells by field; `restaurant` is whose all rows are.

    Raises RowError for a cell that is missing or cannot be understood.
    """
    return Identity(
        restaurant=restaurant or _needed(cells, "restaurant"),
        start=_moment("start", _needed(cells, "start")),
        party_size=_party_size(_needed(cells, "party_size")),
        received_at=_moment("received_at", cells["received_at"]) if "received_at" in cells else None,
        reference=cells.get("reference", ""),
    )


def details_of(cells: Mapping[str, str]) -> Details:
    """The rest of the row. Raises RowError for a cell that cannot be understood."""
    plain = ("channel", "name", "email", "phone", "notes", "zone")
    return Details(
        end=_moment("end", cells["end"]) if "end" in cells else None,
        status=_status(cells["status"]) if "status" in cells else None,
        requires=_words(cells.get("requires", "")),
        **{field: cells.get(field, "") for field in plain},
    )


def instant(field: str, moment: datetime, tz: ZoneInfo) -> datetime:
    """The moment in UTC, a naive one by the clock of `tz`.

    Raises RowError for a local time that the clocks skip or show twice, and for dates that are a slip.
    """
    try:
        utc = moment.astimezone(UTC) if moment.tzinfo else resolve_local(moment, tz)
    except LocalTimeError as error:
        raise RowError(field, str(error)) from error
    except OverflowError:
        raise RowError(field, f"the year {moment.year} is out of range; check the date") from None
    if utc < EARLIEST:
        raise RowError(field, f"the year {moment.year} is too long ago; check the date")
    return utc


def _needed(cells: Mapping[str, str], field: str) -> str:
    if field not in cells:
        raise RowError(field, "the cell is empty; every booking has one")
    return cells[field]


def _moment(field: str, text: str) -> datetime:
    if not _MOMENT.fullmatch(text):
        raise RowError(
            field, f"{_short(text)} is no time; write it like 2026-11-21 19:00 or 2026-11-21T19:00+00:00"
        )
    try:
        return datetime.fromisoformat(text.replace(",", ".").replace(" ", "T", 1).replace(" ", ""))
    except ValueError as error:
        raise RowError(field, f"{_short(text)} is not in the calendar: {error}") from error


def _party_size(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise RowError("party_size", f"{_short(text)} is no number of guests; write it in digits, such as 4")
    if not 1 <= int(text) <= MOST_GUESTS:
        raise RowError("party_size", f"{text} is no party; give the number of guests")
    return int(text)


def _status(text: str) -> BookingStatus:
    word = re.sub(r"[\s-]+", "_", text.lower())
    try:
        return _STATUS_WORDS.get(word) or BookingStatus(word)
    except ValueError:
        raise RowError(
            "status", f"{_short(text)} is no status; known: {', '.join(BookingStatus.values)}"
        ) from None


def _words(text: str) -> tuple[str, ...]:
    """Seating needs, separated by commas, semicolons or bars."""
    words = (re.sub(r"[\s-]+", "_", part.strip().lower()) for part in re.split(r"[,;|]", text))
    return tuple(sorted({word for word in words if word}))


def _short(text: str) -> str:
    """The value as a message quotes it."""
    return repr(text if len(text) <= 40 else f"{text[:40]}…")

"""What an edit does to bookings, as people decide about it before it is saved."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bookings.displacing import Displaced, Fate
from bookings.models import Booking, Restaurant, Table
from config.console.local_time import LocalTime, local_time

#: Bookings listed; what is more is counted.
MOST = 100

Becomes = Fate | Literal["outside"]

#: Words, tone, icon and meaning of each fate, the gravest first.
_TOLD: Mapping[Becomes, tuple[str, str, str, str]] = {
    "to_people": ("To review", "critical", "warn", "Staff pinned its tables, so people decide."),
    "replanned": (
        "Back into assignment", "watch", "undo", "No table is free to it as things stand; others may move.",
    ),
    "moved": ("Swapped", "accent", "move", "It stays confirmed; its guest was never told which table."),
    "stays": ("Kept", "good", "user", "Its party sits there already; ask them."),
    "outside": ("Kept", "line", "clock", "It lies outside the services then; its guest is not told."),
}  # fmt: skip

_SUMMARY: Mapping[Becomes, str] = {
    "to_people": "{} to review",
    "replanned": "{} back into assignment",
    "moved": "{} swapped to other tables",
    "stays": "{} kept, its party sits",
    "outside": "{} kept outside the services",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Touched:
    """A booking and what becomes of it; `tables` are those it has then."""

    booking_id: int
    reference: str
    start: datetime
    party_size: int
    becomes: Becomes
    tables: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A touched booking as a row of the preview."""

    reference: str
    seating: LocalTime
    party_size: int
    label: str
    tone: str
    icon: str
    meaning: str
    tables: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Consequences:
    """All that an edit does to bookings; `asks` where it is confirmed though it touches none."""

    touched: tuple[Touched, ...] = ()
    asks: bool = False

    @property
    def key(self) -> str:
        """Names just these consequences: who confirms them confirms no others. Empty: nothing to confirm."""
        if not self.touched and not self.asks:
            return ""
        fates = sorted(f"{item.booking_id}:{item.becomes}" for item in self.touched)
        return hashlib.sha256(" ".join(fates).encode()).hexdigest()[:16]

    def summary(self) -> str:
        """Such as "1 to review, 2 back into assignment"."""
        counts = {fate: sum(item.becomes == fate for item in self.touched) for fate in _TOLD}
        return ", ".join(_SUMMARY[fate].format(count) for fate, count in counts.items() if count)


NOTHING = Consequences()


def displaced(items: Iterable[Displaced]) -> Consequences:
    """Of bookings that lose their tables."""
    return Consequences(
        touched=tuple(
            Touched(
                booking_id=item.booking_id,
                reference=item.reference,
                start=item.start,
                party_size=item.party_size,
                becomes=item.fate,
                tables=item.tables,
            )
            for item in items
        )
    )


def outside(bookings: Iterable[Booking]) -> Consequences:
    """Of bookings that no service takes any more."""
    return Consequences(
        touched=tuple(
            Touched(
                booking_id=booking.pk,
                reference=booking.reference,
                start=booking.start_at,
                party_size=booking.party_size,
                becomes="outside",
            )
            for booking in bookings
        )
    )


def lines(touched: Sequence[Touched], restaurant: Restaurant) -> list[Line]:
    """The first of them as rows (one query)."""
    shown = touched[:MOST]
    ids = {pk for item in shown for pk in item.tables}
    numbers = dict(Table.objects.filter(pk__in=ids).values_list("pk", "number"))
    return [_line(item, restaurant, numbers) for item in shown]


def _line(item: Touched, restaurant: Restaurant, numbers: Mapping[int, str]) -> Line:
    label, tone, icon, meaning = _TOLD[item.becomes]
    return Line(
        reference=item.reference,
        seating=local_time(item.start, restaurant),
        party_size=item.party_size,
        label=label,
        tone=tone,
        icon=icon,
        meaning=meaning,
        tables=" + ".join(numbers.get(pk, "?") for pk in item.tables),
    )

"""Fixes in plain words: what would be done, and what it costs whom."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from assignments.review.fixes import FixKind
from bookings.models import Booking, Table, Zone

_ICONS = {
    FixKind.SEAT: "seat",
    FixKind.MOVE: "move",
    FixKind.SHIFT: "clock",
    FixKind.ZONE: "place",
    FixKind.ATTRIBUTE: "relax",
    FixKind.SHORTER: "stuck",
    FixKind.OVERRIDE: "lock",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """What people call the tables, zones and bookings that fixes speak of."""

    tables: Mapping[int, Table]
    zones: Mapping[int, str]
    bookings: Mapping[int, str]

    def joined(self, tables: Iterable[int]) -> str:
        return " + ".join(self.tables[table].number if table in self.tables else "?" for table in tables)

    def seats(self, tables: Iterable[int]) -> int:
        return sum(self.tables[table].capacity for table in tables if table in self.tables)


@dataclass(frozen=True, kw_only=True, slots=True)
class Trade:
    """One thing a fix gives or costs: plus, cost (a guest's), or stop (needs a right)."""

    tone: str
    icon: str
    words: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FixLine:
    key: str
    icon: str
    headline: str
    trades: tuple[Trade, ...]
    needs_reason: bool


def names_for(bookings: Sequence[Booking], fixes: Iterable[Mapping[str, Any]]) -> Names:
    """Names of everything in these fixes of these bookings (three queries)."""
    houses = {booking.restaurant_id for booking in bookings}
    moved = {move[0] for fix in fixes for move in fix["moves"]}
    return Names(
        tables={table.pk: table for table in Table.objects.filter(restaurant__in=houses)},
        zones=dict(Zone.objects.filter(restaurant__in=houses).values_list("pk", "name")),
        bookings=dict(Booking.objects.filter(pk__in=moved).values_list("pk", "reference")),
    )


def line(fix: Mapping[str, Any], booking: Booking, names: Names) -> FixLine:
    """The fix as it is shown, from its JSON form with its key."""
    kind = FixKind(fix["kind"])
    return FixLine(
        key=fix["key"],
        icon=_ICONS[kind],
        headline=_headline(kind, fix, booking, names),
        trades=tuple(_trades(kind, fix, booking, names)),
        needs_reason=kind is FixKind.OVERRIDE,
    )


def _headline(kind: FixKind, fix: Mapping[str, Any], booking: Booking, names: Names) -> str:
    where, start = names.joined(fix["tables"]), _clock(fix["start"], booking)
    if kind is FixKind.SHIFT:
        return f"Start {start} at {where}"
    if kind is FixKind.SHORTER:
        return f"Keep {start} at {where}, {_minutes(fix)} min instead of {_asked_minutes(booking)}"
    if kind is FixKind.ZONE:
        return f"Keep {start} at {where}, {names.zones.get(fix['zone'], 'another zone')}"
    return f"Keep {start} at {where}"


def _trades(kind: FixKind, fix: Mapping[str, Any], booking: Booking, names: Names) -> Iterable[Trade]:
    yield from _costs(kind, fix, booking, names)
    seats = names.seats(fix["tables"])
    yield Trade(tone="plus", icon="check", words=f"{booking.party_size} of {seats} seats")
    if not fix["moves"]:
        yield Trade(tone="plus", icon="check", words="No one moves")


def _costs(kind: FixKind, fix: Mapping[str, Any], booking: Booking, names: Names) -> Iterable[Trade]:
    if kind is FixKind.SHIFT:
        yield _cost(f"Guest starts {fix['sentence']}")
    if kind is FixKind.SHORTER:
        yield _cost(f"Guest leaves by {_clock(fix['end'], booking)}")
    if kind is FixKind.ZONE:
        wanted = booking.zone.name if booking.zone else "the wanted zone"
        yield _cost(f"Not in {wanted}")
    if kind is FixKind.ATTRIBUTE:
        missing = fix["sentence"].removeprefix("without ").replace("_", " ")
        yield _cost(f"Asked for and not there: {missing}")
    if kind is FixKind.OVERRIDE:
        yield Trade(tone="stop", icon="lock", words="Against the rules of the house, reason required")
    for moved, here, there in fix["moves"]:
        reference = names.bookings.get(moved, "a booking")
        yield _cost(f"{reference} moves from {names.joined(here)} to {names.joined(there)}")


def _cost(words: str) -> Trade:
    return Trade(tone="cost", icon="warn", words=words)


def _clock(iso: str, booking: Booking) -> str:
    return f"{datetime.fromisoformat(iso).astimezone(booking.restaurant.tzinfo):%H:%M}"


def _minutes(fix: Mapping[str, Any]) -> int:
    return _between(datetime.fromisoformat(fix["start"]), datetime.fromisoformat(fix["end"]))


def _asked_minutes(booking: Booking) -> int:
    return _between(booking.start_at, booking.end_at)


def _between(start: datetime, end: datetime) -> int:
    return round((end - start).total_seconds() / 60)

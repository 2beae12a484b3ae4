"""Two plans as a picture: a row for each table of either, what legacy did above what V3 would have done."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bookings.models import Booking, Restaurant

ROW, HEAD, AXIS = 26, 20, 24
MARGIN = timedelta(minutes=30)
HOUR = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """Tables that one plan gives to a booking; `side` is "legacy" or "v3"."""

    booking: Booking
    tables: tuple[int, ...]
    side: str
    tone: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    x: str
    width: str
    y: int
    tone: str
    party: int
    label: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Lane:
    name: str
    y: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Tick:
    x: str
    label: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Strip:
    """Positions in x are per cent of the time shown, in y pixels. `said` tells the same in words."""

    height: int
    heads: tuple[Lane, ...]
    lanes: tuple[Lane, ...]
    ticks: tuple[Tick, ...]
    bars: tuple[Bar, ...]
    said: str


def strip(held: Sequence[Held], numbers: Mapping[int, str], restaurant: Restaurant) -> Strip | None:
    """The picture, or None where neither plan seats anybody."""
    if not held:
        return None
    start = min(one.booking.start_at for one in held) - MARGIN
    end = max(one.booking.end_at for one in held) + MARGIN
    tables = sorted({table for one in held for table in one.tables}, key=lambda pk: numbers.get(pk, ""))
    block = HEAD + ROW * len(tables)
    tops = {"legacy": AXIS, "v3": AXIS + block}
    return Strip(
        height=AXIS + 2 * block + 4,
        heads=(Lane(name="Legacy", y=tops["legacy"]), Lane(name="V3", y=tops["v3"])),
        lanes=tuple(
            Lane(name=numbers.get(table, f"table {table}"), y=_y(top, tables.index(table)))
            for top in tops.values()
            for table in tables
        ),
        ticks=tuple(_ticks(start, end, restaurant)),
        bars=tuple(
            Bar(
                x=_at(one.booking.start_at, start, end),
                width=f"{100 * (one.booking.end_at - one.booking.start_at) / (end - start):.3f}%",
                y=_y(tops[one.side], tables.index(table)) + 2,
                tone=one.tone,
                party=one.booking.party_size,
                label=one.booking.reference,
            )
            for one in held
            for table in one.tables
        ),
        said="; ".join(_said(one, numbers) for one in held),
    )


def _said(one: Held, numbers: Mapping[int, str]) -> str:
    tables = " + ".join(numbers.get(table, f"table {table}") for table in one.tables)
    return f"{'Legacy' if one.side == 'legacy' else 'V3'}: {one.booking.reference} at {tables}"


def _y(top: int, index: int) -> int:
    return top + HEAD + ROW * index


def _at(moment: datetime, start: datetime, end: datetime) -> str:
    return f"{100 * (moment - start) / (end - start):.3f}%"


def _ticks(start: datetime, end: datetime, restaurant: Restaurant) -> Iterator[Tick]:
    """Half hours of the restaurant's clock, or as many hours apart as leave room for their names."""
    hours = (end - start) // HOUR
    step = HOUR / 2 if hours < 7 else HOUR * (1 + hours // 12)
    local = start.astimezone(restaurant.tzinfo)
    moment = start + (HOUR - timedelta(minutes=local.minute, seconds=local.second)) % min(step, HOUR)
    while moment < end:
        yield Tick(x=_at(moment, start, end), label=f"{moment.astimezone(restaurant.tzinfo):%H:%M}")
        moment += step

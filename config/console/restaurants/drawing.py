"""The floor plan as a picture: the tables of each zone with their seats, and lines between neighbours.

Nobody records where a table stands, so the picture is made from who stands next to whom: tables that can be
joined follow each other, row by row and back again. It shows what can be joined, not the room.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bookings.models import Table, Zone

#: Columns of a small zone and of one with more than `SMALL` tables.
NARROW, WIDE, SMALL = 4, 8, 8
CELL, ROW = 84, 76
GLYPH, TALL = 62, 40
CHAIR, CHAIR_GAP = 8, 3
#: More chairs than these do not fit along one side.
SIDE = 5
MARGIN = 6

Pairs = Iterable[tuple[int, int]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Glyph:
    """A table; `tone` is in, out (of service for good), blocked (now) or chosen."""

    pk: int
    number: str
    seats: int
    party: str
    x: int
    y: int
    tone: str
    is_fixed: bool
    chairs: tuple[tuple[int, int], ...]
    title: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ZonePlan:
    """A zone: its size in pixels, its tables and the lines between them."""

    zone: Zone
    width: int
    height: int
    glyphs: tuple[Glyph, ...]
    lines: tuple[str, ...]
    seats: int

    @property
    def tables(self) -> int:
        """Those in service."""
        return sum(glyph.tone != "out" for glyph in self.glyphs)


#: Tables that are drawn otherwise: their tone by id.
Marked = Mapping[int, str]


def drawn(zones: Iterable[Zone], tables: Sequence[Table], pairs: Pairs, *, marked: Marked) -> list[ZonePlan]:
    """Each zone with its tables, in the zones' order; zones without a table are drawn empty."""
    near = _neighbours(pairs)
    return [
        _zone(zone, [table for table in tables if table.zone_id == zone.pk], near, marked) for zone in zones
    ]


def natural(number: str) -> tuple[str, int, str]:
    """T2 before T10."""
    digits = "".join(filter(str.isdigit, number))
    return number.rstrip("0123456789"), int(digits or 0), number


def _neighbours(pairs: Pairs) -> Mapping[int, set[int]]:
    near: dict[int, set[int]] = {}
    for one, other in pairs:
        near.setdefault(one, set()).add(other)
        near.setdefault(other, set()).add(one)
    return near


def _zone(zone: Zone, tables: Sequence[Table], near: Mapping[int, set[int]], marked: Marked) -> ZonePlan:
    columns = NARROW if len(tables) <= SMALL else WIDE
    cells = {table.pk: _cell(index, columns) for index, table in enumerate(_in_chains(tables, near))}
    rows = max((row for _column, row in cells.values()), default=0) + 1
    return ZonePlan(
        zone=zone,
        width=min(columns, max(1, len(tables))) * CELL + MARGIN,
        height=rows * ROW + MARGIN,
        glyphs=tuple(_glyph(table, cells[table.pk], near, marked) for table in tables),
        lines=tuple(_lines(cells, near)),
        seats=sum(table.capacity for table in tables if table.active),
    )


def _in_chains(tables: Sequence[Table], near: Mapping[int, set[int]]) -> Iterator[Table]:
    """Neighbours follow each other: each walk goes from one end of a row to its other."""
    left = {table.pk: table for table in tables}

    def ends_first(pk: int) -> tuple[int, tuple[str, int, str]]:
        return len(near.get(pk, set()) & left.keys()), natural(left[pk].number)

    while left:
        joined = [pk for pk in left if near.get(pk, set()) & left.keys()]
        here: int | None = min(joined or left, key=ends_first)
        while here is not None:
            yield left.pop(here)
            here = min(near.get(here, set()) & left.keys(), key=ends_first, default=None)


def _cell(index: int, columns: int) -> tuple[int, int]:
    """Column and row, every second row from the right: who follows stands beside or below."""
    row, column = divmod(index, columns)
    return (column if row % 2 == 0 else columns - 1 - column), row


def _glyph(table: Table, cell: tuple[int, int], near: Mapping[int, set[int]], marked: Marked) -> Glyph:
    x, y = cell[0] * CELL + MARGIN + (CELL - GLYPH) // 2, cell[1] * ROW + MARGIN + (ROW - TALL) // 2
    tone = marked.get(table.pk, "in") if table.active else "out"
    words = {"out": ", out of service", "blocked": ", blocked now", "chosen": ", this one"}.get(tone, "")
    return Glyph(
        pk=table.pk,
        number=table.number,
        seats=table.capacity,
        party=f"{table.min_party} to {table.max_party}",
        x=x,
        y=y,
        tone=tone,
        is_fixed=not table.movable,
        chairs=tuple(_chairs(table.capacity, x, y)),
        title=(
            f"Table {table.number}, {table.capacity} seats, {table.min_party} to {table.max_party} alone, "
            f"{len(near.get(table.pk, ()))} next to it{'' if table.movable else ', fixed'}{words}"
        ),
    )


def _chairs(seats: int, x: int, y: int) -> Iterator[tuple[int, int]]:
    """Half of them along the top, half along the bottom."""
    for count, at in ((min(SIDE, (seats + 1) // 2), y - 6), (min(SIDE, seats // 2), y + TALL + 2)):
        width = count * CHAIR + (count - 1) * CHAIR_GAP
        first = x + (GLYPH - width) // 2
        yield from ((first + step * (CHAIR + CHAIR_GAP), at) for step in range(count))


def _lines(cells: Mapping[int, tuple[int, int]], near: Mapping[int, set[int]]) -> Iterator[str]:
    for one in sorted(cells):
        for other in sorted(near.get(one, set()) & cells.keys()):
            if one < other:
                yield _line(_middle(cells[one]), _middle(cells[other]))


def _middle(cell: tuple[int, int]) -> tuple[int, int]:
    return cell[0] * CELL + MARGIN + CELL // 2, cell[1] * ROW + MARGIN + ROW // 2


def _line(start: tuple[int, int], end: tuple[int, int]) -> str:
    """Straight between tables that stand together in the picture, bent around those between them."""
    (x, y), (to_x, to_y) = start, end
    wide, tall = abs(to_x - x), abs(to_y - y)
    if wide <= CELL and tall <= ROW:
        return f"M{x} {y}L{to_x} {to_y}"
    bend_x, bend_y = (0, -ROW) if tall == 0 else (CELL // 2 if wide == 0 else 0, -ROW // 2 if wide else 0)
    return f"M{x} {y}Q{(x + to_x) // 2 + bend_x} {(y + to_y) // 2 + bend_y} {to_x} {to_y}"

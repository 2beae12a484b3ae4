"""The floor as a picture: rows of tables by time.

x is in percent of the service, so that text never scales, y in pixels. What is drawn is decided here, without
a query, and not in the template.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from bookings.models import Booking, BookingStatus, Table
from bookings.states import State
from config.console.floor.evening import Evening, Seated
from config.console.floor.shapes import Bar, Blocked, Candidate, Lane, Plot, Tick, ZoneHead

ROW = 26
ZONE_ROW = 20
AXIS = 24
BAR = 22

_TONES = {
    BookingStatus.CONFIRMED: "confirmed",
    BookingStatus.CHECKED_IN: "in",
    BookingStatus.COMPLETED: "done",
    BookingStatus.NO_SHOW: "done",
}
_ICONS = {BookingStatus.CHECKED_IN: "user", BookingStatus.NO_SHOW: "x"}
_UNDER_WAY = frozenset({State.ASSIGNMENT_IN_PROGRESS, State.ASSIGNED})


def plot_of(evening: Evening, *, candidate: Candidate | None = None) -> Plot:
    """The picture; wherever the candidate could sit, a dashed ghost of it lies on the free tables."""
    selected = candidate.booking.pk if candidate else None
    stacked = _stacked(evening.unassigned)
    lane_height = max(1, len(stacked)) * ROW + 4
    zones, lanes, rows, height = _rows(evening.tables, AXIS + lane_height)
    scale = _Scale(evening)
    return Plot(
        height=height,
        lane_height=lane_height,
        zones=tuple(zones),
        lanes=tuple(lanes),
        ticks=tuple(scale.hours()),
        halves=tuple(scale.halves()),
        blocks=tuple(_blocks(evening, rows, scale)),
        bars=(*_waiting(stacked, scale, selected), *_seated(evening, rows, scale, selected)),
        ghost=tuple(_ghosts(candidate, evening, rows, scale)) if candidate else (),
        now_x=scale.at(evening.now) if evening.opens <= evening.now <= evening.closes else "",
        now_label=f"{evening.now.astimezone(evening.restaurant.tzinfo):%H:%M}",
    )


class _Scale:
    """Instants as percent of the service."""

    def __init__(self, evening: Evening) -> None:
        self._opens, self._closes = evening.opens, evening.closes
        self._tz = evening.restaurant.tzinfo

    def at(self, moment: datetime) -> str:
        return f"{self._share(moment):.3f}%"

    def between(self, start: datetime, end: datetime) -> tuple[str, str]:
        """Position and width of a period, cut at the edges of the service."""
        left, right = max(start, self._opens), min(end, self._closes)
        return self.at(left), f"{max(0.0, self._share(right) - self._share(left)):.3f}%"

    def hours(self) -> Iterator[Tick]:
        for moment in self._steps(timedelta(0)):
            yield Tick(x=self.at(moment), label=f"{moment.astimezone(self._tz):%H:%M}")

    def halves(self) -> Iterator[str]:
        return (self.at(moment) for moment in self._steps(timedelta(minutes=30)))

    def clock(self, moment: datetime) -> str:
        return f"{moment.astimezone(self._tz):%H:%M}"

    def _steps(self, offset: timedelta) -> Iterator[datetime]:
        moment = self._opens.replace(minute=0, second=0, microsecond=0) + offset
        while moment <= self._closes:
            if moment >= self._opens:
                yield moment
            moment += timedelta(hours=1)

    def _share(self, moment: datetime) -> float:
        return 100 * (moment - self._opens) / (self._closes - self._opens)


_Rows = Mapping[int, int]


def _rows(tables: Sequence[Table], y: int) -> tuple[list[ZoneHead], list[Lane], dict[int, int], int]:
    """Heads of zones, lanes of tables, each table's y, and the height of it all."""
    zones: list[ZoneHead] = []
    lanes: list[Lane] = []
    places: dict[int, int] = {}
    zone = None
    for table in tables:
        if table.zone_id != zone:
            zone = table.zone_id
            zones.append(ZoneHead(name=table.zone.name, y=y))
            y += ZONE_ROW
        lanes.append(Lane(number=table.number, seats=table.capacity, y=y))
        places[table.pk] = y
        y += ROW
    return zones, lanes, places, y


def _blocks(evening: Evening, rows: _Rows, scale: _Scale) -> Iterator[Blocked]:
    for block in evening.blocks:
        if block.table_id in rows:
            x, width = scale.between(block.start_at, block.end_at)
            reason = f": {block.reason}" if block.reason else ""
            yield Blocked(x=x, width=width, y=rows[block.table_id] + 3, label=f"Out of service{reason}")


def _stacked(bookings: Sequence[Booking]) -> list[list[Booking]]:
    """Bookings in as few rows as may be, none beside another of its time; they come by their start."""
    rows: list[list[Booking]] = []
    for booking in bookings:
        row = next((row for row in rows if row[-1].end_at <= booking.start_at), None)
        if row is None:
            rows.append([booking])
        else:
            row.append(booking)
    return rows


def _waiting(stacked: Sequence[Sequence[Booking]], scale: _Scale, selected: int | None) -> Iterator[Bar]:
    """Bookings without a table, in rows above the tables."""
    for index, booking in ((index, booking) for index, row in enumerate(stacked) for booking in row):
        x, width = scale.between(booking.start_at, booking.end_at)
        tone, words = _state_of(booking)
        yield Bar(
            pk=booking.pk,
            x=x,
            width=width,
            y=AXIS + 4 + index * ROW,
            height=BAR,
            tone=tone,
            icon="half" if tone == "moving" else "warn",
            party=booking.party_size,
            label=f"{booking.reference} {words}",
            title=f"{booking.reference}, {booking.party_size} at {scale.clock(booking.start_at)}, {words}",
            selected=booking.pk == selected,
        )


def _state_of(booking: Booking) -> tuple[str, str]:
    if booking.assignment_state == State.MANUAL_REVIEW:
        return "crit", "needs people"
    if booking.assignment_state in _UNDER_WAY:
        return "moving", "being assigned"
    return "open", "waits for a table"


def _seated(evening: Evening, rows: _Rows, scale: _Scale, selected: int | None) -> Iterator[Bar]:
    conflicts = evening.conflicts()
    overrunning = {party.pk for party in evening.overruns()}
    buffer = timedelta(minutes=evening.restaurant.buffer_minutes)
    numbers = {table.pk: table.number for table in evening.tables}
    for booking in evening.seated:
        x, width = scale.between(booking.start, booking.end)
        shown = booking.status in (BookingStatus.CONFIRMED, BookingStatus.CHECKED_IN)
        buffer_x, buffer_width = scale.between(booking.end, booking.end + buffer) if shown else ("", "")
        over_x, over_width = (
            scale.between(booking.end, evening.now) if booking.pk in overrunning else ("", "")
        )
        runs = _runs(booking.tables, rows)
        where = " + ".join(numbers.get(table, "?") for table in booking.tables)
        for y, height in runs:
            yield Bar(
                pk=booking.pk,
                x=x,
                width=width,
                y=y,
                height=height,
                tone="crit" if booking.pk in conflicts else _TONES[BookingStatus(booking.status)],
                icon=_icon(booking, joined=len(runs) > 1 or height > BAR, conflict=booking.pk in conflicts),
                party=booking.party_size,
                label=booking.reference
                + (f" waits for {where}" if booking.pk in conflicts else "")
                + (f" joined {where}" if len(booking.tables) > 1 else ""),
                title=(
                    f"{booking.reference}, {booking.party_size} guests, {where}, "
                    f"{scale.clock(booking.start)} to {scale.clock(booking.end)}, "
                    f"{BookingStatus(booking.status).label.lower()}{', locked' if booking.locked else ''}"
                ),
                selected=booking.pk == selected,
                buffer_x=buffer_x,
                buffer_width=buffer_width,
                over_x=over_x,
                over_width=over_width,
            )


def _icon(booking: Seated, *, joined: bool, conflict: bool) -> str:
    if conflict:
        return "warn"
    if booking.locked:
        return "lock"
    if joined:
        return "link"
    return _ICONS.get(BookingStatus(booking.status), "")


def _runs(tables: Iterable[int], rows: _Rows) -> list[tuple[int, int]]:
    """One bar for tables in neighbouring rows: (y, height) of each."""
    places = sorted(rows[table] for table in tables if table in rows)
    runs: list[tuple[int, int]] = []
    for y in places:
        if runs and runs[-1][0] + runs[-1][1] + 4 == y + 2:
            first, height = runs.pop()
            runs.append((first, height + ROW))
        else:
            runs.append((y + 2, BAR))
    return runs


def _ghosts(candidate: Candidate, evening: Evening, rows: _Rows, scale: _Scale) -> Iterator[Bar]:
    """The best seat, and each other one that lies on none of those drawn before."""
    booking = candidate.booking
    # Whoever sits already moves now: what lies before is others' past.
    start = evening.now if booking.start < evening.now < booking.end else booking.start
    x, width = scale.between(start, booking.end)
    numbers = {table.pk: table.number for table in evening.tables}
    drawn: set[int] = set()
    for tables, takes in candidate.seats:
        if drawn & set(tables):
            continue
        where = " + ".join(numbers.get(table, "?") for table in tables)
        for y, height in _runs(tables, rows):
            yield Bar(
                pk=booking.pk,
                x=x,
                width=width,
                y=y,
                height=height,
                tone="free" if drawn else "ghost",
                icon="" if drawn else "plus",
                party=booking.party_size,
                label=f"{booking.reference} at {where}" if not drawn else where,
                title=f"{candidate.verb} {booking.reference} at {where}, from {scale.clock(start)}",
                takes=takes,
            )
        drawn |= set(tables)

"""Three restaurants to start from: a bistro, a brasserie with a terrace, a large hall of fixed four-tops.

The geometry is that of rooms one could draw: movable tables stand in rows or grids and join with their
neighbours, booths, round tables and bar tables are fixed. Together they cover what the seating rules tell
apart: a bistro lives on joining two-tops, a brasserie has weather and six-tops, a hall wastes seats on its
four-tops. Turn times and buffer are the defaults of the product. All three open every day; they close after
midnight on Friday and Saturday, the hall always.
"""

from collections.abc import Iterable, Iterator
from datetime import time
from itertools import pairwise

from bookings.demand.layout import (
    Attribute,
    Combination,
    Layout,
    Pacing,
    Service,
    Table,
    TurnTime,
    Zone,
    ZoneKind,
)

LUNCH, DINNER = "Lunch", "Dinner"
SUNDAY_TO_THURSDAY = (6, 0, 1, 2, 3)
FRIDAY_AND_SATURDAY = (4, 5)
LARGEST_PARTY = 99

ACCESSIBLE, HIGH_CHAIR, WINDOW, QUIET = (
    Attribute.ACCESSIBLE,
    Attribute.HIGH_CHAIR,
    Attribute.WINDOW,
    Attribute.QUIET,
)


def _tables(
    numbers: Iterable[int],
    *,
    zone: str,
    seats: int,
    fewest: int = 1,
    movable: bool = True,
    attributes: tuple[Attribute, ...] = (),
) -> tuple[Table, ...]:
    """Like tables of one zone; each takes parties of `fewest` up to its seats."""
    return tuple(
        Table(
            number=str(number),
            zone=zone,
            capacity=seats,
            min_party=fewest,
            max_party=seats,
            movable=movable,
            attributes=attributes,
        )
        for number in numbers
    )


def _row(*numbers: int) -> tuple[tuple[str, str], ...]:
    """Tables side by side: each is next to the one before."""
    return tuple((str(left), str(right)) for left, right in pairwise(numbers))


def _grid(*rows: tuple[int, ...]) -> tuple[tuple[str, str], ...]:
    """Rows one behind the other: each table is next to its neighbours in the row and in the column."""
    columns = zip(*rows, strict=True)
    return tuple(pair for line in (*rows, *columns) for pair in _row(*line))


def _named(name: str, capacity: int, *numbers: int) -> Combination:
    return Combination(name=name, tables=tuple(str(number) for number in numbers), capacity=capacity)


def _week(
    name: str, weekdays: Iterable[int], start: time, last_seating: time, end: time
) -> Iterator[Service]:
    for weekday in sorted(weekdays):
        yield Service(name=name, weekday=weekday, start=start, last_seating=last_seating, end=end)


def _turn_times(service: str, *, couples: int) -> Iterator[TurnTime]:
    """The product's defaults: two or fewer 60 to 75 minutes, then 90, 105, 120, larger 150."""
    bands = ((1, 2, couples), (3, 4, 90), (5, 6, 105), (7, 8, 120), (9, LARGEST_PARTY, 150))
    for fewest, most, minutes in bands:
        yield TurnTime(service=service, min_party=fewest, max_party=most, minutes=minutes)


TURN_TIMES = (*_turn_times(LUNCH, couples=60), *_turn_times(DINNER, couples=75))


BISTRO = Layout(
    slug="bistro-alder",
    name="Bistro Alder",
    timezone="Europe/London",
    zones=(
        Zone(name="Dining room", kind=ZoneKind.INDOOR),
        Zone(name="Bar", kind=ZoneKind.BAR),
    ),
    tables=(
        *_tables((1, 2, 3, 4), zone="Dining room", seats=2, attributes=(WINDOW,)),
        *_tables((5, 6, 7, 8, 9), zone="Dining room", seats=2, attributes=(QUIET,)),
        *_tables(
            (10, 11, 12, 13), zone="Dining room", seats=4, fewest=2, attributes=(ACCESSIBLE, HIGH_CHAIR)
        ),
        *_tables((14, 15), zone="Dining room", seats=4, fewest=2, attributes=(QUIET, WINDOW)),
        *_tables(
            (16,), zone="Dining room", seats=6, fewest=3, movable=False, attributes=(ACCESSIBLE, HIGH_CHAIR)
        ),
        *_tables((17, 18), zone="Bar", seats=2, movable=False),
    ),
    # The window row, the banquette, the centre row that starts where the banquette ends, a pair in the bay.
    adjacencies=(*_row(1, 2, 3, 4), *_row(5, 6, 7, 8, 9, 10), *_row(10, 11, 12, 13), *_row(14, 15)),
    combinations=(
        _named("Banquette", 7, 5, 6, 7),
        _named("Long table", 14, 11, 12, 13),
    ),
    services=(
        *_week(LUNCH, range(7), time(12), time(14), time(15)),
        *_week(DINNER, SUNDAY_TO_THURSDAY, time(17), time(22, 15), time(23, 45)),
        *_week(DINNER, FRIDAY_AND_SATURDAY, time(17), time(22, 45), time(0, 30)),
    ),
    turn_times=TURN_TIMES,
    pacing=Pacing(minutes=15, covers=32),
    max_party_auto=8,
)

BRASSERIE = Layout(
    slug="brasserie-du-canal",
    name="Brasserie du Canal",
    timezone="Europe/Brussels",
    zones=(
        Zone(name="Salle", kind=ZoneKind.INDOOR),
        Zone(name="Véranda", kind=ZoneKind.COVERED),
        Zone(name="Terrasse", kind=ZoneKind.OUTDOOR),
    ),
    tables=(
        *_tables((1, 2, 3, 4, 5, 6), zone="Salle", seats=2, attributes=(WINDOW,)),
        *_tables((7, 8, 9), zone="Salle", seats=4, fewest=2, attributes=(ACCESSIBLE, HIGH_CHAIR)),
        *_tables((10, 11, 12), zone="Salle", seats=4, fewest=2, attributes=(HIGH_CHAIR,)),
        *_tables((13, 14), zone="Salle", seats=6, fewest=3, attributes=(ACCESSIBLE, HIGH_CHAIR)),
        *_tables((15, 16), zone="Salle", seats=2, movable=False, attributes=(QUIET,)),
        *_tables((21, 22, 23, 24), zone="Véranda", seats=4, fewest=2, attributes=(ACCESSIBLE, WINDOW)),
        *_tables((25, 26), zone="Véranda", seats=2, attributes=(QUIET, WINDOW)),
        *_tables((31, 32, 33, 34), zone="Terrasse", seats=2),
        *_tables((35, 36, 37, 38), zone="Terrasse", seats=4, fewest=2, attributes=(ACCESSIBLE,)),
    ),
    # In the Salle a window row, a grid of four-tops, two six-tops behind it; outside, two rows back to back.
    adjacencies=(
        *_row(1, 2, 3, 4, 5, 6),
        *_grid((7, 8, 9), (10, 11, 12)),
        *_row(12, 13, 14),
        *_row(21, 22, 23, 24, 25, 26),
        *_grid((31, 32, 33, 34), (35, 36, 37, 38)),
    ),
    combinations=(
        _named("Grande tablée", 14, 13, 14),
        _named("Véranda", 14, 21, 22, 23),
    ),
    services=(
        *_week(LUNCH, range(7), time(12), time(14), time(15)),
        *_week(DINNER, SUNDAY_TO_THURSDAY, time(17), time(22, 30), time(0)),
        *_week(DINNER, FRIDAY_AND_SATURDAY, time(17), time(22, 45), time(1)),
    ),
    turn_times=TURN_TIMES,
    pacing=Pacing(minutes=15, covers=56),
    max_party_auto=12,
)

HALL = Layout(
    slug="agora-hall",
    name="Agora Hall",
    timezone="Europe/Athens",
    zones=(
        Zone(name="Main hall", kind=ZoneKind.INDOOR),
        Zone(name="Gallery", kind=ZoneKind.INDOOR),
        Zone(name="Courtyard", kind=ZoneKind.OUTDOOR),
        Zone(name="Library", kind=ZoneKind.PRIVATE),
    ),
    tables=(
        *_tables(range(1, 9), zone="Main hall", seats=4, movable=False, attributes=(ACCESSIBLE, HIGH_CHAIR)),
        *_tables(range(9, 17), zone="Main hall", seats=4, movable=False),
        *_tables(range(17, 23), zone="Main hall", seats=6, fewest=3, attributes=(ACCESSIBLE, HIGH_CHAIR)),
        *_tables((23, 24), zone="Main hall", seats=8, fewest=5, movable=False, attributes=(HIGH_CHAIR,)),
        *_tables(range(31, 41), zone="Gallery", seats=2, attributes=(QUIET,)),
        *_tables(range(41, 45), zone="Courtyard", seats=2, movable=False, attributes=(WINDOW,)),
        *_tables((51,), zone="Library", seats=10, fewest=6, movable=False, attributes=(QUIET,)),
        *_tables((52,), zone="Library", seats=16, fewest=12, movable=False, attributes=(ACCESSIBLE, QUIET)),
    ),
    # Booths do not move; the six-tops along the wall and the gallery's two-tops do.
    adjacencies=(*_row(17, 18, 19, 20, 21, 22), *_row(31, 32, 33, 34, 35, 36, 37, 38, 39, 40)),
    combinations=(
        _named("Wall pair left", 14, 17, 18),
        _named("Wall pair right", 14, 21, 22),
        _named("Gallery six", 7, 31, 32, 33),
    ),
    services=(
        *_week(LUNCH, range(7), time(12, 30), time(14, 45), time(16)),
        *_week(DINNER, SUNDAY_TO_THURSDAY, time(17), time(22, 45), time(0, 30)),
        *_week(DINNER, FRIDAY_AND_SATURDAY, time(17), time(22, 45), time(1, 30)),
    ),
    turn_times=TURN_TIMES,
    pacing=Pacing(minutes=15, covers=84),
    max_party_auto=16,
)

TEMPLATES = (BISTRO, BRASSERIE, HALL)

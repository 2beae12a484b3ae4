"""A chart, each with the figures it is made of as a table: it prints, is read out, and needs no script.

Coordinates go from 0 to 100 in both directions, stretched by the page; words stand beside the drawing.
Pure: values in, data for a template out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

#: A value at each step; None where there was nothing to measure, which is a gap and no zero.
Values = Sequence[float | None]

SIZE = 100.0

#: Share of a step that its bar leaves free.
GAP = 0.2

NO_DATA = "no data"


@dataclass(frozen=True, kw_only=True, slots=True)
class Scale:
    """How figures are told, as a format, and the least height of the chart, so that noise stays small."""

    shown: str
    least_top: float

    def say(self, value: float | None) -> str:
        return NO_DATA if value is None else self.shown.format(value).replace("%", " %")


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A level to compare with: its value, and what it stands for."""

    value: float
    label: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """A rectangle that stands on the bottom."""

    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """What is drawn of one row of values: its unbroken parts as points of polylines, or bars."""

    label: str
    number: int
    parts: tuple[str, ...] = ()
    bars: tuple[Bar, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    """`target` is the height of the dashed line; `rows` is the table: a time, and a figure for each line."""

    key: str
    title: str
    note: str
    lines: tuple[Line, ...]
    top: str
    first: str
    last: str
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    is_empty: bool
    target: str = ""
    target_label: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Axis:
    """The steps of time a chart goes through, and the zone they are told in."""

    steps: Sequence[datetime]
    zone: tzinfo
    shown: str = "%d %b %H:%M"

    def say(self, step: datetime) -> str:
        return f"{step.astimezone(self.zone):{self.shown}}"


def lines(
    key: str,
    title: str,
    values: Mapping[str, Values],
    *,
    axis: Axis,
    scale: Scale,
    target: Target | None = None,
    note: str = "",
) -> Chart:
    """Lines from 0 up to the largest figure; a label and its values, one for each step, make a line."""
    top = _top(values, scale, target)
    drawn = tuple(
        Line(label=label, number=number, parts=tuple(_parts(row, top)))
        for number, (label, row) in enumerate(values.items(), start=1)
    )
    return _chart(key, title, values, drawn, axis, scale, top, target, note)


def bars(
    key: str, title: str, values: Mapping[str, Values], *, axis: Axis, scale: Scale, note: str = ""
) -> Chart:
    """The same as bars, for counts; of several rows the bars of a step stand side by side."""
    top = _top(values, scale, None)
    drawn = tuple(
        Line(label=label, number=number + 1, bars=tuple(_bars(row, top, number, len(values))))
        for number, (label, row) in enumerate(values.items())
    )
    return _chart(key, title, values, drawn, axis, scale, top, None, note)


def _chart(
    key: str,
    title: str,
    values: Mapping[str, Values],
    drawn: tuple[Line, ...],
    axis: Axis,
    scale: Scale,
    top: float,
    target: Target | None,
    note: str,
) -> Chart:
    times = [axis.say(step) for step in axis.steps]
    said = zip(*([scale.say(value) for value in row] for row in values.values()), strict=True)
    return Chart(
        key=key,
        title=title,
        note=note,
        lines=drawn,
        top=scale.say(top),
        first=times[0],
        last=times[-1],
        rows=tuple(zip(times, said, strict=True)),
        is_empty=all(value is None for row in values.values() for value in row),
        target="" if target is None else _tell(_height(target.value, top)),
        target_label="" if target is None else target.label,
    )


def _top(values: Mapping[str, Values], scale: Scale, target: Target | None) -> float:
    known = [value for row in values.values() for value in row if value is not None]
    return max([*known, scale.least_top, *([target.value] if target else [])])


def _parts(values: Values, top: float) -> Iterator[str]:
    """Points of the lines between gaps. A single value between two gaps is a short line."""
    width = SIZE / max(1, len(values) - 1)
    part: list[tuple[float, float]] = []
    for number, value in enumerate([*values, None]):
        if value is not None:
            part.append((number * width, _height(value, top)))
        elif part:
            yield " ".join(f"{_tell(x)},{_tell(y)}" for x, y in (part if len(part) > 1 else _dash(*part[0])))
            part = []


def _dash(x: float, y: float) -> list[tuple[float, float]]:
    return [(max(0.0, x - 0.6), y), (min(SIZE, x + 0.6), y)]


def _bars(values: Values, top: float, place: int, places: int) -> Iterator[Bar]:
    step = SIZE / max(1, len(values))
    width = step * (1 - GAP) / places
    for number, value in enumerate(values):
        if value:
            y = _height(value, top)
            x = number * step + step * GAP / 2 + place * width
            yield Bar(x=_tell(x), y=_tell(y), width=_tell(width), height=_tell(SIZE - y))


def _height(value: float, top: float) -> float:
    share = value / top if top > 0 else 0.0
    return SIZE * (1 - min(1.0, max(0.0, share)))


def _tell(coordinate: float) -> str:
    return f"{coordinate:.1f}"

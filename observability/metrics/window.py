"""The span a metric looks at, and how it is put together from buckets and single rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

MINUTE, HOUR, DAY = 60, 3_600, 86_400

#: Widths of buckets in seconds, widest first: of all restaurants together, and of a single one.
WIDTHS = (DAY, HOUR, MINUTE)
WIDTHS_OF_ONE = (DAY, HOUR)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """Instants in [start, end), of one restaurant or of all. Raises ValueError for an empty span."""

    start: datetime
    end: datetime
    restaurant_id: int | None = None

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError(f"{self.start} to {self.end}: a window needs instants with a time zone")
        if self.start >= self.end:
            raise ValueError(f"{self.start} to {self.end}: a window ends after it starts")

    @classmethod
    def until(cls, end: datetime, span: timedelta, restaurant_id: int | None = None) -> "Window":
        """The `span` before `end`."""
        return cls(start=end - span, end=end, restaurant_id=restaurant_id)

    @property
    def before(self) -> "Window":
        """The window of the same length that ends where this one starts."""
        return Window.until(self.start, self.end - self.start, self.restaurant_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A part of a window: whole buckets of a width in seconds, or single rows where it is 0."""

    width: int
    start: datetime
    end: datetime


def pieces(window: Window, widths: tuple[int, ...]) -> list[Piece]:
    """The window cut into the widest buckets that fit whole, and at most two rests of single rows."""
    return list(_cut(window.start, window.end, (*widths, 0)))


def _cut(start: datetime, end: datetime, widths: tuple[int, ...]) -> Iterator[Piece]:
    width, *narrower = widths
    if start >= end:
        return
    if width == 0:
        yield Piece(width=0, start=start, end=end)
        return
    first, last = _up(start, width), floor(end, width)
    if first >= last:
        yield from _cut(start, end, tuple(narrower))
        return
    yield from _cut(start, first, tuple(narrower))
    yield Piece(width=width, start=first, end=last)
    yield from _cut(last, end, tuple(narrower))


def floor(moment: datetime, width: int) -> datetime:
    """The start of the bucket that holds `moment`; buckets of a day are UTC days."""
    return moment - (moment - EPOCH) % timedelta(seconds=width)


def _up(moment: datetime, width: int) -> datetime:
    start = floor(moment, width)
    return start if start == moment else start + timedelta(seconds=width)

"""The span a metric looks at, and how it is put together from buckets and single rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

MINUTE, HOUR, DAY = 60, 3_600, 86_400

#: Widths of buckets in seconds, widest first: of all restaurants together, and of a single one.
WIDTHS = (DAY, HOUR, MINUTE)
WIDTHS_OF_ONE = (DAY, HOUR)

#: Days before the current UTC day whose narrow buckets are kept: minutes, and hours of a single restaurant.
#: Older ones would be most of the rollups; what no wider bucket holds of such a window is read from the rows.
NARROW_DAYS = 2

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

    @classmethod
    def lately(
        cls,
        now: datetime,
        span: timedelta,
        restaurant_id: int | None = None,
        *,
        step: timedelta | None = None,
    ) -> "Window":
        """The last `span` in whole steps, the last of which has begun.

        For pages: no single row has to be read but those the rollups lack, given that the steps are whole
        minutes or, of one restaurant, hours, as they are unless told otherwise.
        """
        narrowest = timedelta(seconds=MINUTE if restaurant_id is None else HOUR)
        return cls.until(up(now, round((step or narrowest).total_seconds())), span, restaurant_id)

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


def pieces(window: Window, widths: tuple[int, ...], *, now: datetime | None = None) -> list[Piece]:
    """The window cut into the widest buckets that fit whole, and at most two rests of single rows.

    Given `now`, the narrowest buckets are used only where they are kept then.
    """
    narrow_from = floor(now, DAY) - timedelta(days=NARROW_DAYS) if now else EPOCH
    narrow = MINUTE if MINUTE in widths else HOUR
    kept = tuple((width, narrow_from if width == narrow else EPOCH) for width in widths)
    return list(_cut(window.start, window.end, kept))


def _cut(start: datetime, end: datetime, widths: tuple[tuple[int, datetime], ...]) -> Iterator[Piece]:
    if start >= end:
        return
    if not widths:
        yield Piece(width=0, start=start, end=end)
        return
    (width, kept_from), *narrower = widths
    first, last = up(start, width), floor(end, width)
    if first >= last or start < kept_from:
        yield from _cut(start, end, tuple(narrower))
        return
    yield from _cut(start, first, tuple(narrower))
    yield Piece(width=width, start=first, end=last)
    yield from _cut(last, end, tuple(narrower))


def floor(moment: datetime, width: int) -> datetime:
    """The start of the bucket that holds `moment`; buckets of a day are UTC days."""
    return moment - (moment - EPOCH) % timedelta(seconds=width)


def up(moment: datetime, width: int) -> datetime:
    """The first start of a bucket that is not before `moment`."""
    start = floor(moment, width)
    return start if start == moment else start + timedelta(seconds=width)

"""Instants and periods. Both are kept in UTC, so that durations are elapsed minutes across clock changes."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from assignments.engine.refusals import FactsError


def as_utc(instant: datetime, *path: str | int) -> datetime:
    """The instant in UTC; raises FactsError for a naive one, which could mean any hour."""
    if instant.tzinfo is UTC:
        return instant
    if instant.utcoffset() is None:
        message = f"{instant.isoformat()} has no time zone; add an offset"
        raise FactsError(message, *path)
    return instant.astimezone(UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """Half-open `[start, end)`: one period may begin at the instant another ends."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", as_utc(self.start, "start"))
        object.__setattr__(self, "end", as_utc(self.end, "end"))
        if self.end <= self.start:
            message = f"the period ends at {self.end.isoformat()}, not after its start"
            raise FactsError(message, "end")

    def overlaps(self, other: "Period") -> bool:
        return self.start < other.end and other.start < self.end

    def shifted(self, by: timedelta) -> "Period":
        return Period(start=self.start + by, end=self.end + by)

    def with_buffer(self, buffer: timedelta) -> "Period":
        """The occupied period: the buffer follows the booking, once."""
        return Period(start=self.start, end=self.end + buffer)

"""Counts who arrives when, for pacing: what the database holds and what was accepted and is not saved yet."""

from collections import defaultdict
from datetime import datetime

from bookings.pacing import arriving


class Arrivals:
    """The arrivals of all restaurants; each interval is asked of the database once."""

    def __init__(self) -> None:
        self._saved: dict[tuple[int, datetime, datetime], int] = {}
        self._accepted: defaultdict[int, defaultdict[datetime, int]]
        self.forget()

    def forget(self) -> None:
        """The database tells by now what was accepted."""
        self._saved.clear()
        self._accepted = defaultdict(lambda: defaultdict(int))

    def accept(self, restaurant_id: int, start: datetime, covers: int) -> None:
        self._accepted[restaurant_id][start] += covers

    def count(self, restaurant_id: int, begin: datetime, end: datetime, but: int | None = None) -> int:
        """Covers that arrive within [begin, end), as `bookings.pacing.arriving` counts them."""
        interval = (restaurant_id, begin, end)
        if interval not in self._saved:
            self._saved[interval] = arriving(restaurant_id, begin, end, but)
        starts = self._accepted[restaurant_id]
        return self._saved[interval] + sum(covers for start, covers in starts.items() if begin <= start < end)

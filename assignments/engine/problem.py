"""The rearrangement problem: may this request be seated if every movable booking may be moved?

It holds the request and all movable bookings that a chain of overlapping periods connects with it. Bookings
that may not move and blocks are walls: they only take options away.

A movable booking may always stay where it is, even where the facts contradict themselves already (a party
that overstays, staff overrides): an existing conflict is people's business and must not make a seating for
someone else look impossible.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Protocol

from assignments.engine.context import Context
from assignments.engine.facts import Request, Seating
from assignments.engine.ids import Id
from assignments.engine.occupancy import Holding
from assignments.engine.seating import Option, Wish, bits_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Party:
    """A booking with its options; `stay` is the mask it holds now, 0 for the request."""

    booking: Id
    start: datetime
    end: datetime
    options: tuple[Option, ...]
    stay: int

    def overlaps(self, other: "Party") -> bool:
        return self.start < other.end and other.start < self.end

    def at(self, instant: datetime) -> bool:
        return self.start <= instant < self.end


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """`parties[0]` is the request, the others movable bookings by start and id."""

    parties: tuple[Party, ...]

    @property
    def request(self) -> Party:
        return self.parties[0]

    def instants(self) -> list[datetime]:
        """One instant in each maximal set of parties that are in the house together, ascending."""
        return maximal_instants(self.parties)


Wall = tuple[int, datetime, datetime]
"""Tables as a mask that something immovable keeps from start to end."""


def problem_of(context: Context) -> Problem:
    """The rearrangement problem of a request that has no free set."""
    return _Builder(context).problem()


@dataclass(frozen=True, kw_only=True, slots=True)
class Guest:
    """A booking as hindsight sees it; `end` includes the buffer."""

    booking: Id
    party_size: int
    start: datetime
    end: datetime
    options: tuple[Option, ...]


class Stay(Protocol):
    """Anyone who is in the house from `start` to `end`."""

    @property
    def start(self) -> datetime: ...
    @property
    def end(self) -> datetime: ...


def maximal_instants(parties: Sequence[Stay]) -> list[datetime]:
    """Starts after which the next thing to happen is an end: there, and only there, the house is fullest."""
    # At equal instants ends come first: periods are half-open.
    events = sorted([(party.start, 1) for party in parties] + [(party.end, 0) for party in parties])
    return [instant for (instant, starts), (_, starts_next) in pairwise(events) if starts and not starts_next]


def _chained(context: Context) -> list[Holding]:
    """Movable holdings whose periods are connected with the request's by overlaps."""
    movable = [item for item in context.occupancy.holdings if item.movable]
    start, end = context.window.start, context.window.end
    inside: list[Holding] = []
    while True:
        found = [item for item in movable if item.start < end and start < item.end]
        if len(found) == len(inside):
            return found
        inside = found
        start = min(start, *(item.start for item in found))
        end = max(end, *(item.end for item in found))


class _Builder:
    """Makes the parties; those with the same wish and the same walls share one tuple of options."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.walls = _walls(context)
        self.shared: dict[tuple[Wish, int], tuple[Option, ...]] = {}

    def problem(self) -> Problem:
        asked, window = self.context.request, self.context.window
        request = Party(
            booking=asked.booking,
            start=window.start,
            end=window.end,
            options=self._options(asked, window.start, window.end),
            stay=0,
        )
        return Problem(parties=(request, *(self._movable(held) for held in _chained(self.context))))

    def _movable(self, held: Holding) -> Party:
        options = self._options(held.seating, held.start, held.end)
        if not any(option.mask == held.mask for option in options):
            options = (*options, Option(mask=held.mask, bits=bits_of(held.mask), slack=0))
        return Party(
            booking=held.seating.booking, start=held.start, end=held.end, options=options, stay=held.mask
        )

    def _options(self, party: Request | Seating, start: datetime, end: datetime) -> tuple[Option, ...]:
        wish = (party.party_size, self.context.facts.policy.max_slack, party.zone, party.requires)
        walled = _walled(self.walls, start, end)
        if (wish, walled) not in self.shared:
            fitting = self.context.index.options(*wish)
            self.shared[wish, walled] = tuple(option for option in fitting if not option.mask & walled)
        return self.shared[wish, walled]


def _walls(context: Context) -> list[Wall]:
    held = [(item.mask, item.start, item.end) for item in context.occupancy.holdings if not item.movable]
    blocked = [
        (1 << context.index.bit[item.table], item.period.start, item.period.end)
        for item in context.occupancy.blocks
    ]
    return held + blocked


def _walled(walls: list[Wall], start: datetime, end: datetime) -> int:
    """All tables that something immovable keeps within the period."""
    found = 0
    for mask, begins, ends in walls:
        if begins < end and start < ends:
            found |= mask
    return found

"""What a strategy sees when it rates a free set for a request; shared work is done once per decision."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cached_property, lru_cache

from assignments.engine.facts import Facts, Request
from assignments.engine.occupancy import Occupancy, occupied_mask
from assignments.engine.seating import Candidate, SeatingIndex

PUBLISHED_PARTIES: Mapping[int, float] = {
    1: 1.6, 2: 42.7, 3: 16.7, 4: 13.6, 5: 6.3, 6: 4.9, 7: 2.7, 8: 2.7, 9: 1.05, 10: 1.05, 11: 1.05, 12: 1.05,
}  # fmt: skip
"""Published mix of party sizes in percent, used while a restaurant's own demand is unknown."""

TURNS: tuple[tuple[int, timedelta], ...] = (
    (2, timedelta(minutes=75)),
    (4, timedelta(minutes=90)),
    (6, timedelta(minutes=105)),
    (8, timedelta(minutes=120)),
)
LONGEST_TURN = timedelta(minutes=150)
"""The product's default turn times by largest party size; larger parties stay the longest."""

EVENING = timedelta(hours=4)
"""Free time beyond this, before or after, counts as this much."""

LOOK_STEP = timedelta(minutes=30)
"""Distance of the starts that the look ahead tries; 15 min cost twice the time and gained nothing."""


Stay = tuple[timedelta, timedelta, tuple[tuple[int, float], ...]]
"""Start and end of a stay to come, both after the start of a requested period, and (party size, share of the
demand) of those that may stay so."""


def turn_of(party_size: int) -> timedelta:
    """How long a party of this size is expected to stay."""
    return next((turn for largest, turn in TURNS if party_size <= largest), LONGEST_TURN)


def _evenings(gap: timedelta | None) -> float:
    return 1.0 if gap is None or gap > EVENING else gap / EVENING


@lru_cache(maxsize=256)
def stays_around(
    length: timedelta, buffer: timedelta, demand: tuple[tuple[int, float], ...]
) -> tuple[Stay, ...]:
    """Stays that would overlap a period of this length, of the sizes in demand, buffer included."""
    by_turn: dict[timedelta, list[tuple[int, float]]] = {}
    for size, share in demand:
        by_turn.setdefault(turn_of(size) + buffer, []).append((size, share))
    stays: list[Stay] = []
    for turn, sizes in by_turn.items():
        earliest = -((turn - timedelta.resolution) // LOOK_STEP)
        latest = -(-length // LOOK_STEP)
        starts = [step * LOOK_STEP for step in range(earliest, latest)]
        each = tuple((size, share / len(starts)) for size, share in sizes)
        stays += [(start, start + turn, each) for start in starts]
    return tuple(stays)


class Context:
    """One request against one state of the house."""

    def __init__(self, facts: Facts, request: Request, index: SeatingIndex, occupancy: Occupancy) -> None:
        self.facts = facts
        self.request = request
        self.index = index
        self.occupancy = occupancy
        self.window = request.period.with_buffer(facts.policy.buffer)
        self.busy = occupied_mask(occupancy.during(self.window)) | occupancy.blocked_mask(self.window)

    @cached_property
    def options(self) -> tuple[Candidate, ...]:
        """Legal sets for this party with its zone and attributes, free or not."""
        request = self.request
        return self.index.for_wish(
            request.party_size, self.facts.policy.max_slack, request.zone, request.requires
        )

    @cached_property
    def free(self) -> tuple[Candidate, ...]:
        """The options that nothing holds during the occupied period."""
        return tuple(item for item in self.options if not item.mask & self.busy)

    @cached_property
    def openness(self) -> list[float]:
        """For each table the free time around the occupied period in evenings, 0 to 2: an evening a side."""
        before, after = self.occupancy.gaps(self.window)
        return [_evenings(gap) + _evenings(other) for gap, other in zip(before, after, strict=True)]

    @cached_property
    def demand(self) -> Mapping[int, float]:
        """Share of each party size in the demand still to come; sums to 1."""
        expected = self.facts.demand or PUBLISHED_PARTIES
        total = sum(expected[size] for size in sorted(expected)) or 1.0
        return {size: expected[size] / total for size in sorted(expected)}

    @cached_property
    def scarcity(self) -> list[float]:
        """For each table, how much of the room for parties still to come hangs on it, 0 to 1.

        A look ahead: for each party size and each start near the requested period, the sets that would be
        free are counted, and the size's share of demand is spread over them. Where few sets are left each
        weighs much, so a table is scarce when it is what a likely party would need at that hour.
        """
        worth = [0.0] * len(self.index.tables)
        slack = self.facts.policy.max_slack
        for (size, busy), share in self._shares_to_come().items():
            for bit, part in self.index.reliance(size, slack, busy):
                worth[bit] += share * part
        most = max(worth) or 1.0
        return [value / most for value in worth]

    def _shares_to_come(self) -> Mapping[tuple[int, int], float]:
        """The demand of the stays to come by party size and by the tables of its room that are taken then."""
        buffer, slack = self.facts.policy.buffer, self.facts.policy.max_slack
        stays = stays_around(self.window.end - self.window.start, buffer, tuple(self.demand.items()))
        room = {size: self.index.room(size, slack).tables for size in self.demand}
        nearby = self._nearby(stays)
        shares: dict[tuple[int, int], float] = {}
        for start, end, sizes in stays:
            busy = 0
            for mask, begins, ends in nearby:
                if begins < end and start < ends:
                    busy |= mask
            for size, share in sizes:
                key = size, busy & room[size]
                shares[key] = shares.get(key, 0.0) + share
        return shares

    def _nearby(self, stays: Sequence[Stay]) -> list[tuple[int, timedelta, timedelta]]:
        """Everything that keeps tables during any of the stays, as (mask, start, end), told as theirs are."""
        origin, bit = self.window.start, self.index.bit
        first = origin + min((start for start, _, _ in stays), default=timedelta(0))
        last = origin + max((end for _, end, _ in stays), default=timedelta(0))
        blocked = (
            (1 << bit[item.table], item.period.start, item.period.end) for item in self.occupancy.blocks
        )
        held = ((item.mask, item.start, item.end) for item in self.occupancy.holdings)
        return [
            (mask, start - origin, end - origin)
            for mask, start, end in (*held, *blocked)
            if start < last and first < end
        ]

    @cached_property
    def zone_load(self) -> Mapping[str, float]:
        """Share of each zone's seats that is taken during the occupied period."""
        seats: dict[str, int] = {}
        taken: dict[str, int] = {}
        for bit, table in enumerate(self.index.tables):
            seats[table.zone] = seats.get(table.zone, 0) + table.capacity
            if self.busy >> bit & 1:
                taken[table.zone] = taken.get(table.zone, 0) + table.capacity
        return {zone: taken.get(zone, 0) / total for zone, total in seats.items()}

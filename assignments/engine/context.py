"""What a strategy sees when it rates a free set for a request; shared work is done once per decision."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property

from assignments.engine.facts import Facts, Request
from assignments.engine.occupancy import Occupancy, occupied_mask
from assignments.engine.seating import Candidate, SeatingIndex

PUBLISHED_PARTIES: Mapping[int, float] = {
    1: 1.6, 2: 42.7, 3: 16.7, 4: 13.6, 5: 6.3, 6: 4.9, 7: 2.7, 8: 2.7, 9: 1.05, 10: 1.05, 11: 1.05, 12: 1.05,
}  # fmt: skip
"""Published mix of party sizes in percent, used while a restaurant's own demand is unknown."""


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
    def gaps(self) -> tuple[list[timedelta | None], list[timedelta | None]]:
        """For each table the free time before and after the occupied period; None where unbounded."""
        return self.occupancy.gaps(self.window)

    @cached_property
    def demand(self) -> Mapping[int, float]:
        """Share of each party size in the demand still to come; sums to 1."""
        expected = self.facts.demand or PUBLISHED_PARTIES
        total = sum(expected[size] for size in sorted(expected)) or 1.0
        return {size: expected[size] / total for size in sorted(expected)}

    @cached_property
    def scarcity(self) -> list[float]:
        """For each table, how much of the remaining demand's room hangs on it, 0 to 1.

        A party size with few sets left free spreads its share of demand over few tables, so these weigh
        more. Each size counts the sets of its least number of tables, the ones it would really get.
        """
        worth = [0.0] * len(self.index.tables)
        for size, share in self.demand.items():
            sets = self._easiest_sets(size)
            if not sets:
                continue
            each = share / len(sets)
            for item in sets:
                for bit in item.bits:
                    worth[bit] += each
        most = max(worth) or 1.0
        return [value / most for value in worth]

    def _easiest_sets(self, size: int) -> list[Candidate]:
        sets = [
            item
            for item in self.index.for_party(size, self.facts.policy.max_slack)
            if not item.mask & self.busy
        ]
        return [item for item in sets if len(item.bits) == len(sets[0].bits)]

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

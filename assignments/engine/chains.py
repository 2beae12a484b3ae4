"""Short chains of moves, searched completely: the request takes a set, whoever is there moves on.

Complete up to its budget of moves: in a plan with the fewest moves every moved booking stands in the way of
the request or of another moved booking, and the search follows exactly these. So what it finds has the
fewest moves, and of these the least slack.
"""

from dataclasses import dataclass, field

from assignments.engine.problem import Party, Problem
from assignments.engine.seating import Option, bits_of

MOST_STEPS = 20_000
"""Options tried before the search leaves the problem to the solver; counted, so the same everywhere."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rearrangement:
    """New tables by place of the party in the problem; the request (0) is among them."""

    places: tuple[tuple[int, Option], ...]

    @property
    def moves(self) -> int:
        return len(self.places) - 1

    def rank(self) -> tuple[int, int, int, tuple[tuple[int, tuple[int, ...]], ...]]:
        """Fewest moves, least slack, fewest tables, then sorted places."""
        slack = sum(option.slack for _, option in self.places)
        tables = sum(len(option.bits) for _, option in self.places)
        return (self.moves, slack, tables, tuple((place, option.bits) for place, option in self.places))


@dataclass(slots=True)
class ChainSearch:
    """One search; `steps` tells how far it got, `exhausted` whether a budget was searched completely."""

    problem: Problem
    most_steps: int = MOST_STEPS
    steps: int = 0
    found: list[Rearrangement] = field(default_factory=list)
    _in_the_way: dict[int, dict[int, int]] = field(default_factory=dict)

    def run(self, budget: int) -> bool:
        """All rearrangements of exactly the least number of moves up to `budget` go to `found`.

        Returns False when the steps ran out; `found` is then not complete and must not be used.
        """
        for moves in range(1, budget + 1):
            if not self._extend((0,), (), 1, moves):
                return False
            if self.found:
                break
        self.found.sort(key=Rearrangement.rank)
        return True

    def _extend(
        self, pending: tuple[int, ...], placed: tuple[tuple[int, Option], ...], gone: int, budget: int
    ) -> bool:
        """Seats the first pending party in every way; `gone` marks all parties that left their tables."""
        if not pending:
            self.found.append(Rearrangement(places=tuple(sorted(placed, key=lambda item: item[0]))))
            return True
        place, rest = pending[0], pending[1:]
        party = self.problem.parties[place]
        taken = self._taken(party, placed)
        holders = self._holders(place)
        for option in party.options:
            self.steps += 1
            if self.steps > self.most_steps:
                return False
            if option.mask & taken or option.mask == party.stay:
                continue
            ousted = _ousted(option, holders) & ~gone
            left = budget - ousted.bit_count()
            if left < 0:
                continue
            more = bits_of(ousted)
            if not self._extend(rest + more, (*placed, (place, option)), gone | ousted, left):
                return False
        return True

    def _taken(self, party: Party, placed: tuple[tuple[int, Option], ...]) -> int:
        taken = 0
        for place, option in placed:
            if party.overlaps(self.problem.parties[place]):
                taken |= option.mask
        return taken

    def _holders(self, place: int) -> dict[int, int]:
        """For each table held during the party's period: who holds it, as a mask of places."""
        if place not in self._in_the_way:
            holders: dict[int, int] = {}
            party = self.problem.parties[place]
            for other, candidate in enumerate(self.problem.parties):
                if other != place and party.overlaps(candidate):
                    for bit in bits_of(candidate.stay):
                        holders[bit] = holders.get(bit, 0) | 1 << other
            self._in_the_way[place] = holders
        return self._in_the_way[place]


def _ousted(option: Option, holders: dict[int, int]) -> int:
    found = 0
    for bit in option.bits:
        found |= holders.get(bit, 0)
    return found

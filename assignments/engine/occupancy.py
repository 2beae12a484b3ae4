"""Who holds which tables when, seen from one floor plan and one instant."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from assignments.engine.facts import Block, Facts, Request, Seating
from assignments.engine.ids import by_id
from assignments.engine.periods import Period
from assignments.engine.seating import SeatingIndex


@dataclass(frozen=True, kw_only=True, slots=True)
class Holding:
    """A seating with its tables as a mask and its occupied period, buffer included."""

    seating: Seating
    mask: int
    start: datetime
    end: datetime
    movable: bool

    def during(self, start: datetime, end: datetime) -> bool:
        return self.start < end and start < self.end


class Occupancy:
    """The holdings and blocks of a day; the requesting booking's own seating is left out."""

    def __init__(self, facts: Facts, index: SeatingIndex, request: Request) -> None:
        self.index = index
        held = [_holding(facts, index, item) for item in facts.seatings if item.booking != request.booking]
        self.holdings = sorted(held, key=lambda item: (item.start, by_id(item.seating.booking)))
        self.blocks = [block for block in facts.blocks if block.table in index.bit]

    def during(self, period: Period) -> list[Holding]:
        """Holdings that overlap the period, by start and booking."""
        start, end = period.start, period.end
        return [item for item in self.holdings if item.start < end and start < item.end]

    def blocked(self, period: Period) -> list[Block]:
        """Blocks that overlap the period, by table and start."""
        found = [item for item in self.blocks if item.period.overlaps(period)]
        return sorted(found, key=lambda item: (self.index.bit[item.table], item.period.start))

    def blocked_mask(self, period: Period) -> int:
        return self.index.mask(block.table for block in self.blocked(period))

    def gaps(self, period: Period) -> tuple[list[timedelta | None], list[timedelta | None]]:
        """For each table the free time before and after the period; None where nothing bounds it.

        Meaningful for tables that are free during the period.
        """
        before: list[timedelta | None] = [None] * len(self.index.tables)
        after: list[timedelta | None] = [None] * len(self.index.tables)
        for bits, start, end in self._spans():
            side, gap = (before, period.start - end) if end <= period.start else (after, start - period.end)
            if gap < timedelta(0):
                continue
            for bit in bits:
                known = side[bit]
                if known is None or gap < known:
                    side[bit] = gap
        return before, after

    def _spans(self) -> list[tuple[tuple[int, ...], datetime, datetime]]:
        bit = self.index.bit
        spans = [
            (tuple(bit[table] for table in item.seating.tables if table in bit), item.start, item.end)
            for item in self.holdings
        ]
        return spans + [((bit[item.table],), item.period.start, item.period.end) for item in self.blocks]


def _holding(facts: Facts, index: SeatingIndex, seating: Seating) -> Holding:
    policy = facts.policy
    mask = index.mask(seating.tables)
    occupied = seating.occupied(policy.buffer, facts.now)
    # A booking on tables that left the plan is replanned as a whole, never as part of another's plan.
    whole = mask.bit_count() == len(seating.tables) > 0
    return Holding(
        seating=seating,
        mask=mask,
        start=occupied.start,
        end=occupied.end,
        movable=whole and seating.may_move(policy.freeze, facts.now),
    )


def occupied_mask(holdings: list[Holding]) -> int:
    """All tables that any of the holdings keeps."""
    found = 0
    for item in holdings:
        found |= item.mask
    return found

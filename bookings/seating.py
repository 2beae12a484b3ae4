"""What bookings ask of the floor above: who may sit where, and when there is a table.

A port: the floors above know this one and not the other way round. The implementation is named by the
setting SEATING_SERVICE. It reads facts without locks and decides nothing for good; whoever acts on an
answer takes the tables by `bookings.allocations`, which tells whether it still holds.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from bookings.allocations import Exchange
from bookings.models import Restaurant
from bookings.wishes import Wish


@dataclass(frozen=True, kw_only=True, slots=True)
class Party:
    """Who wants to sit. `booking_id` None: nobody yet; else that booking's own tables count as free."""

    restaurant: Restaurant
    wish: Wish
    booking_id: int | None = None

    def with_wish(self, wish: Wish) -> "Party":
        return replace(self, wish=wish)


@dataclass(frozen=True, kw_only=True, slots=True)
class Seat:
    """Where the party may sit: its tables, and the bookings that have to move for it."""

    tables: tuple[int, ...]
    strategy: str
    moves: tuple[Exchange, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class NoSeat:
    """No seating: a reason code and its sentence; `proven` if trying again cannot help."""

    reason: str
    sentence: str
    proven: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Alternative:
    """A wish near the one that was refused, for which there is a table; the least cost is the nearest.

    `kind` is shift, zone, attribute or shorter; `sentence` tells the difference. A cost of 1 is a shift
    by an hour.
    """

    kind: str
    wish: Wish
    tables: tuple[int, ...]
    cost: float
    sentence: str


class Seating(Protocol):
    """Answers of the floor above. None of them raises for a party that cannot be seated."""

    def keeps(self, *, party: Party, tables: Sequence[int], now: datetime) -> bool:
        """Whether the party may sit at exactly these tables."""
        ...

    def holds(self, *, party: Party, tables: Sequence[int], now: datetime) -> bool:
        """Whether the tables, promised to the party, still seat it; the house's tastes do not count."""
        ...

    def seat(
        self, *, party: Party, now: datetime, moving: bool = True, without: Collection[int] = ()
    ) -> Seat | NoSeat:
        """The best seating; with `moving` others may have to move; tables `without` are not given."""
        ...

    def alternatives(self, *, party: Party, now: datetime) -> tuple[Alternative, ...]:
        """The nearest wishes with a free table, the nearest first. Services and pacing are not asked."""
        ...

    def next_free(self, *, party: Party, latest: datetime, now: datetime) -> Alternative | None:
        """The earliest later start up to `latest` with a free table, in steps of 15 minutes."""
        ...

    def refusals(self, *, parties: Sequence[Party], now: datetime) -> list[NoSeat | None]:
        """For each party of one restaurant and day why no table is free to it as things stand, or None."""
        ...


class NoSeatingError(Exception):
    """There is no table for what was asked. Nothing was changed; `alternatives` tell what there is."""

    def __init__(self, *, reason: str, sentence: str, alternatives: tuple[Alternative, ...] = ()) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.sentence = sentence
        self.alternatives = alternatives


def seating() -> Seating:
    """The implementation in use."""
    service: Seating = import_string(settings.SEATING_SERVICE)
    return service

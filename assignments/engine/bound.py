"""A bound that can prove impossibility, from linear programming, checked without trusting the solver.

Let every party be seated in fractions: at most one in all, at most one per table and instant. If even so not
all parties fit, no seating exists. The dual solution puts a price on tables at instants; whoever sits pays
the prices of its tables while it sits. For any prices p >= 0 no seating seats more parties than

    sum of all prices  +  sum over parties of max(0, 1 - the cheapest it can sit)

because each table is sold at most once at each instant. That sum is evaluated here in whole numbers from the
rounded prices, so a proof holds whatever the floating-point solver did. Here single instants are tried (a
full house at one moment is the usual reason, and small); all instants together follow in
assignments.engine.reseat, whose relaxation yields both prices and seatings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from assignments.engine.ids import Id
from assignments.engine.problem import Party, Problem
from assignments.engine.seating import Option, bits_of

UNIT = 1 << 20
"""Prices are whole multiples of 1 / UNIT."""

MOST_INSTANTS = 3
"""Only the fullest instants are tried alone; the whole evening follows anyway."""

Prices = dict[tuple[int, datetime], int]
"""(bit of the table, instant) -> price in UNITs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bound:
    """At most `value` of the `needed` parties can be seated together; a proof when it is below."""

    value: float
    needed: int
    prices: tuple[tuple[int, datetime, float], ...]


def full_house(problem: Problem) -> Bound | None:
    """A proof of impossibility from the request alone or from a single instant of its stay, if there is one.

    At instants outside its stay the others sit without it already, so these cannot prove anything alone.
    """
    request = problem.request
    if not request.options:
        return Bound(value=0.0, needed=1, prices=())
    tangled = tangled_bookings(problem.parties)
    shared = [instant for instant in problem.instants() if request.at(instant)]
    together = [tuple(party for party in problem.parties if party.at(instant)) for instant in shared]
    fullest = sorted(zip(shared, together, strict=True), key=lambda pair: -len(pair[1]))
    for instant, parties in fullest[:MOST_INSTANTS]:
        bound = proof(parties, _instant_prices(parties, instant, tangled), tangled)
        if bound:
            return bound
    return None


def proof(
    parties: Sequence[Party], prices: Mapping[tuple[int, datetime], float], tangled: frozenset[Id]
) -> Bound | None:
    """The bound that these prices give, if it proves that not all of the parties can be seated."""
    units = {key: round(price * UNIT) for key, price in sorted(prices.items())}
    total = most_seated(parties, units, tangled)
    if total >= len(parties) * UNIT:
        return None
    shown = tuple((bit, instant, price / UNIT) for (bit, instant), price in units.items())
    return Bound(value=total / UNIT, needed=len(parties), prices=shown)


def most_seated(parties: Sequence[Party], prices: Prices, tangled: frozenset[Id] = frozenset()) -> int:
    """How many of the parties can be seated at most, in UNITs, by the given prices (see above).

    `tangled` are the bookings that share a table already: staying costs them nothing.
    """
    by_instant: dict[datetime, dict[int, int]] = {}
    for (bit, instant), price in prices.items():
        by_instant.setdefault(instant, {})[bit] = price
    gains = 0
    for party in parties:
        pays = [row for instant, row in by_instant.items() if party.at(instant)]
        free = party.booking in tangled and party.stay
        costs = (_cost(option, pays) for option in party.options)
        cheapest = 0 if free else min(costs, default=UNIT)
        gains += max(0, UNIT - cheapest)
    return gains + sum(prices.values())


def _cost(option: Option, pays: list[dict[int, int]]) -> int:
    return sum(row.get(bit, 0) for row in pays for bit in option.bits)


def tangled_bookings(parties: Sequence[Party]) -> frozenset[Id]:
    """Bookings that share a table with another one already."""
    found: set[Id] = set()
    for stays in _stays_by_table(parties).values():
        latest = stays[0]
        for party in stays[1:]:
            if party.start < latest.end:
                found |= {party.booking, latest.booking}
            latest = max(latest, party, key=lambda item: item.end)
    return frozenset(found)


def _stays_by_table(parties: Sequence[Party]) -> dict[int, list[Party]]:
    by_table: dict[int, list[Party]] = {}
    for party in sorted(parties, key=lambda item: item.start):
        for bit in bits_of(party.stay):
            by_table.setdefault(bit, []).append(party)
    return by_table


def _instant_prices(
    parties: Sequence[Party], instant: datetime, tangled: frozenset[Id]
) -> Mapping[tuple[int, datetime], float]:
    if not all(party.options for party in parties):
        return {}
    # SciPy takes half a second to import and the direct path never needs it.
    from assignments.engine.relaxation import dual_prices

    return dual_prices(parties, [instant], tangled)

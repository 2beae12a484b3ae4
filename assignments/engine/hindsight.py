"""The most covers a day's bookings allow when all are known: the optimum that policies are held against.

Locks and freezes do not exist in hindsight; blocks and the rules of legal seating do.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from assignments.engine.facts import Seating
from assignments.engine.ids import Id
from assignments.engine.problem import Guest
from assignments.engine.scenario import Arrival, Scenario
from assignments.engine.seating import SeatingIndex, seating_index


@dataclass(frozen=True, kw_only=True, slots=True)
class Hindsight:
    """A best seating; `covers_at_most` is above `covers` only when the solver's limit was reached."""

    covers: int
    covers_at_most: int
    seating: Mapping[Id, tuple[Id, ...]]

    @property
    def proven(self) -> bool:
        return self.covers == self.covers_at_most


def best_in_hindsight(scenario: Scenario, known: tuple[Seating, ...] = (), limit: float = 20.0) -> Hindsight:
    """The optimum by CP-SAT within `limit` (deterministic time), helped by a known seating."""
    requested = sum(arrival.request.party_size for arrival in scenario.arrivals)
    covers = sum(seating.party_size for seating in known)
    if covers == requested:
        seating = {item.booking: item.tables for item in known}
        return Hindsight(covers=covers, covers_at_most=requested, seating=seating)
    return _solved(scenario, known, limit)


def least_slack_of_all(scenario: Scenario, known: Mapping[Id, tuple[Id, ...]], limit: float = 20.0) -> int:
    """Seats that stay empty at least when everyone is seated: a lower bound for any planner that does so.

    `known` is a seating of everyone, which must exist; `limit` is deterministic time.
    """
    from assignments.engine.hindsight_model import least_slack

    index = seating_index(scenario.plan, scenario.policy.max_tables)
    hinted = {booking: index.mask(tables) for booking, tables in known.items()}
    return least_slack(_guests(scenario, index), hinted, limit)


def _solved(scenario: Scenario, known: tuple[Seating, ...], limit: float) -> Hindsight:
    # OR-tools takes most of a second to import; only comparisons need it.
    from assignments.engine.hindsight_model import most_covers

    index = seating_index(scenario.plan, scenario.policy.max_tables)
    guests = _guests(scenario, index)
    hinted = {item.booking: index.mask(item.tables) for item in known}
    chosen, at_most = most_covers(guests, hinted, limit)
    return Hindsight(
        covers=sum(guest.party_size for guest in guests if guest.booking in chosen),
        covers_at_most=at_most,
        seating={booking: index.ids(mask) for booking, mask in chosen.items()},
    )


def _guests(scenario: Scenario, index: SeatingIndex) -> list[Guest]:
    return [_guest(scenario, index, arrival) for arrival in scenario.arrivals]


def _guest(scenario: Scenario, index: SeatingIndex, arrival: Arrival) -> Guest:
    request, policy = arrival.request, scenario.policy
    occupied = request.period.with_buffer(policy.buffer)
    blocked = index.mask(block.table for block in scenario.blocks if block.period.overlaps(occupied))
    options = index.options(request.party_size, policy.max_slack, request.zone, request.requires)
    return Guest(
        booking=request.booking,
        party_size=request.party_size,
        start=occupied.start,
        end=occupied.end,
        options=tuple(option for option in options if not option.mask & blocked),
    )

"""Reseating: seat the request and everyone else, with the fewest moves, then the least slack.

Three searches, each exact, the cheap ones first: short chains of moves; the relaxed evening, whose optimum is
mostly whole and then is the answer, or does not seat all and then is a proof; and CP-SAT for the rest, on the
options that the relaxation leaves for so many moves.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from assignments.engine.bound import Bound, proof, tangled_bookings
from assignments.engine.chains import ChainSearch, Rearrangement
from assignments.engine.problem import Problem
from assignments.engine.seating import Option

if TYPE_CHECKING:
    from assignments.engine.rearrange import Allowed
    from assignments.engine.relaxation import Evening

CHAIN = 2
"""Moves up to which chains are searched before the solvers are asked."""
WIDENINGS = (0, 2)
"""Extra moves above the relaxation's that are allowed in turn before every option is."""
MOST_SEATS = 25_000
"""Above this many (party, option) pairs a model of all options takes too long and is not built."""
MARGIN = 1e-5

Verdict = Literal["seated", "impossible", "undecided"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reseating:
    """`found` is ranked, best first; `fewest` tells whether fewer moves are proven not to suffice.

    An impossible one carries the bound that proves it, or None after an exhaustive search.
    """

    verdict: Verdict
    found: tuple[Rearrangement, ...] = ()
    fewest: bool = True
    bound: Bound | None = None


def short_chains(problem: Problem) -> Reseating | None:
    """The best rearrangements with up to CHAIN moves, or None when there are none or too many to try."""
    search = ChainSearch(problem)
    complete = search.run(CHAIN)
    if complete and search.found:
        return Reseating(verdict="seated", found=tuple(search.found))
    return None


def solved(problem: Problem, limit: float) -> Reseating:
    """The solvers' answer; CP-SAT gets `limit` (deterministic time) in each phase."""
    if not all(party.options for party in problem.parties):
        return Reseating(verdict="impossible")
    # SciPy and OR-tools take most of a second to import and the direct path never needs them.
    from assignments.engine.relaxation import relaxed_evening

    tangled = tangled_bookings(problem.parties)
    evening = relaxed_evening(problem, tangled)
    if evening is None:
        return _searched(problem, None, limit)
    bound = None if evening.seats_all else proof(problem.parties, evening.prices, tangled)
    if bound:
        return Reseating(verdict="impossible", bound=bound)
    chosen = _chosen(problem, evening)
    if chosen:
        return _seated(problem, chosen, fewest=True)
    return _searched(problem, evening, limit)


def _chosen(problem: Problem, evening: "Evening") -> list[Option] | None:
    """The relaxed optimum, if it is a real seating."""
    if evening.chosen is None or not evening.seats_all:
        return None
    pairs = zip(problem.parties, evening.chosen, strict=True)
    chosen = [party.options[number] for party, number in pairs]
    return chosen if consistent(problem, chosen) else None


def consistent(problem: Problem, chosen: list[Option]) -> bool:
    """Whether no table is given twice at once, existing conflicts of those who stay apart."""
    seats = sorted(zip(problem.parties, chosen, strict=True), key=lambda seat: seat[0].start)
    for place, (party, option) in enumerate(seats):
        for other, its_option in seats[place + 1 :]:
            if other.start >= party.end:
                break
            both_stay = option.mask == party.stay and its_option.mask == other.stay
            if option.mask & its_option.mask and not both_stay:
                return False
    return True


def _searched(problem: Problem, evening: "Evening | None", limit: float) -> Reseating:
    """CP-SAT on ever more options: those with which so many moves can suffice at all, then every one."""
    from assignments.engine.rearrange import ANSWERED, INFEASIBLE, OPTIMAL, Model

    for most_moves in _widenings(evening):
        if most_moves is None and _size(problem) > MOST_SEATS:
            return Reseating(verdict="undecided")
        model = Model(problem, _allowed(evening, most_moves), most_moves)
        status, chosen = model.fewest_moves(limit)
        if status in ANSWERED:
            better = model.least_slack(chosen, limit)
            return _seated(problem, better, fewest=status == OPTIMAL)
        if status != INFEASIBLE and most_moves is None:
            return Reseating(verdict="undecided")
    return Reseating(verdict="impossible")


def _widenings(evening: "Evening | None") -> list[int | None]:
    if evening is None or not evening.seats_all:
        return [None]
    # All slack together costs less than half a move.
    fewest = math.ceil(evening.cost - 0.5 - MARGIN)
    return [*(fewest + more for more in WIDENINGS), None]


def _allowed(evening: "Evening | None", most_moves: int | None) -> "Allowed":
    """An option is out when the relaxation costs more than so many moves as soon as it is used."""
    if evening is None or most_moves is None:
        return lambda _place, _number: True
    spare = most_moves + 0.5 + MARGIN - evening.cost
    excess = evening.excess
    return lambda place, number: bool(excess[place][number] <= spare)


def _size(problem: Problem) -> int:
    return sum(len(party.options) for party in problem.parties)


def _seated(problem: Problem, chosen: list[Option], *, fewest: bool) -> Reseating:
    places = tuple(
        (place, option)
        for place, (party, option) in enumerate(zip(problem.parties, chosen, strict=True))
        if place == 0 or option.mask != party.stay
    )
    return Reseating(verdict="seated", found=(Rearrangement(places=places),), fewest=fewest)

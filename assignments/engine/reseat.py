"""Reseating: seat the request and everyone else, with the fewest moves, then the least slack.

Three searches, each exact, the cheap ones first: short chains of moves; the relaxed evening, whose optimum is
mostly whole and then is the answer, or does not seat all and then is a proof; and CP-SAT for the rest, on the
options that the relaxation leaves for so many moves.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from assignments.engine.bound import Bound, proof, tangled_bookings
from assignments.engine.chains import ChainSearch, Rearrangement
from assignments.engine.problem import Problem
from assignments.engine.seating import Option

if TYPE_CHECKING:
    from assignments.engine.rearrange import Allowance, Allowed
    from assignments.engine.relaxation import Evening

CHAIN = 2
"""Moves up to which chains are searched before the solvers are asked."""
SPARES = (0.5, 1.5)
"""How much above the relaxation's cost, in moves, an option may be that CP-SAT gets to see, tried in turn."""
FEW_SEATS = 2_000
"""Up to this many pairs in all, every option is allowed right after the first try."""
SEATS_PER_LIMIT = 50_000
"""(party, option) pairs that a model of all options may have for each unit of the limit."""
PROVABLE_SEATS = 1_000
"""Up to this many, a rearrangement is proven to have the fewest moves even if that takes a second search."""
STEPS_PER_LIMIT = 100_000
"""Simplex iterations that the relaxation may take for each unit of the limit."""
TIDYING = 0.1
"""Share of the limit that goes into less slack once everyone is seated."""
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


def short_chains(problem: Problem, *, most_moves: int = CHAIN) -> Reseating | None:
    """The best rearrangements with the fewest moves, or None when there are none or too many to try."""
    search = ChainSearch(problem)
    complete = search.run(most_moves)
    if complete and search.found:
        return Reseating(verdict="seated", found=tuple(search.found))
    return None


def solved(problem: Problem, limit: float) -> Reseating:
    """The solvers' answer; `limit` is CP-SAT's deterministic time, all searches together."""
    if not all(party.options for party in problem.parties):
        return Reseating(verdict="impossible")
    # SciPy and OR-tools take most of a second to import and the direct path never needs them.
    from assignments.engine.relaxation import relaxed_evening

    tangled = tangled_bookings(problem.parties)
    evening = relaxed_evening(problem, tangled, most_steps=round(STEPS_PER_LIMIT * limit))
    if evening is None:
        return _searched(problem, None, limit)
    bound = None if evening.seats_all else proof(problem.parties, evening.prices, tangled)
    if bound:
        return Reseating(verdict="impossible", bound=bound)
    chosen = chosen_whole(problem, evening)
    if chosen:
        return seated(problem, chosen, fewest=True)
    return _searched(problem, evening, limit)


def chosen_whole(problem: Problem, evening: "Evening") -> list[Option] | None:
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
    """CP-SAT on ever more options: those that the relaxation finds cheap, then every one."""
    from assignments.engine.rearrange import Allowance

    allowance = Allowance(limit)
    tidying = limit * TIDYING
    if evening is not None and evening.seats_all:
        for spare in SPARES if _size(problem) > FEW_SEATS else SPARES[:1]:
            found = _within(problem, evening, spare, allowance, tidying)
            if found:
                return found
    if _size(problem) > SEATS_PER_LIMIT * limit or not allowance.left:
        return Reseating(verdict="undecided")
    return _exhaustive(problem, allowance, tidying)


def _within(
    problem: Problem, evening: "Evening", spare: float, allowance: "Allowance", tidying: float
) -> Reseating | None:
    """The fewest moves with options that cost no more than `spare` extra; None if these are too few."""
    from assignments.engine.rearrange import ANSWERED, INFEASIBLE, OPTIMAL, Model

    model = Model(problem, _cheap(evening, spare))
    status, chosen = model.fewest_moves(allowance)
    if status not in ANSWERED:
        # What is too hard with few options is harder with more.
        return None if status == INFEASIBLE else Reseating(verdict="undecided")
    # A rearrangement with fewer moves can only use options with less excess than this.
    needed = _moves(problem, chosen) - 0.5 - evening.cost + MARGIN
    if status == OPTIMAL and needed > spare and _size_within(evening, needed) <= PROVABLE_SEATS:
        proven = _within(problem, evening, needed, allowance, tidying)
        if proven is not None and proven.verdict == "seated":
            return proven
    better = model.least_slack(chosen, tidying)
    return seated(problem, better, fewest=status == OPTIMAL and needed <= spare)


def _exhaustive(problem: Problem, allowance: "Allowance", tidying: float) -> Reseating:
    from assignments.engine.rearrange import ANSWERED, INFEASIBLE, OPTIMAL, Model

    model = Model(problem, lambda _place, _number: True)
    status, chosen = model.fewest_moves(allowance)
    if status in ANSWERED:
        return seated(problem, model.least_slack(chosen, tidying), fewest=status == OPTIMAL)
    return Reseating(verdict="impossible" if status == INFEASIBLE else "undecided")


def _cheap(evening: "Evening", spare: float) -> "Allowed":
    """Whether the relaxation costs at most `spare` more when an option must be used."""
    excess, most = evening.excess, spare + MARGIN
    return lambda place, number: bool(excess[place][number] <= most)


def _size_within(evening: "Evening", spare: float) -> int:
    return sum(int((excess <= spare + MARGIN).sum()) for excess in evening.excess)


def _size(problem: Problem) -> int:
    return sum(len(party.options) for party in problem.parties)


def _moves(problem: Problem, chosen: list[Option]) -> int:
    pairs = list(zip(problem.parties, chosen, strict=True))[1:]
    return sum(1 for party, option in pairs if option.mask != party.stay)


def seated(problem: Problem, chosen: list[Option], *, fewest: bool) -> Reseating:
    places = tuple(
        (place, option)
        for place, (party, option) in enumerate(zip(problem.parties, chosen, strict=True))
        if place == 0 or option.mask != party.stay
    )
    return Reseating(verdict="seated", found=(Rearrangement(places=places),), fewest=fewest)

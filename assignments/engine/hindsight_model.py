"""The hindsight optimum as a CP-SAT model. Imported when needed only."""

from collections.abc import Iterator, Mapping, Sequence
from math import ceil

from ortools.sat.python import cp_model

from assignments.engine.ids import Id
from assignments.engine.problem import Guest, maximal_instants
from assignments.engine.seating import Option

Seats = list[list[tuple[Option, cp_model.IntVar]]]
ANSWERED = (cp_model.OPTIMAL, cp_model.FEASIBLE)


def most_covers(guests: Sequence[Guest], hinted: Mapping[Id, int], limit: float) -> tuple[dict[Id, int], int]:
    """Tables (as masks) of the bookings to seat, and how many covers can be seated at most."""
    model, seats = _modelled(guests, hinted)
    model.maximize(
        sum(
            guest.party_size * literal
            for guest, options in zip(guests, seats, strict=True)
            for _, literal in options
        )
    )
    solver = _solver(limit)
    if solver.solve(model) not in ANSWERED:
        return {}, sum(guest.party_size for guest in guests)
    chosen = {
        guest.booking: option.mask
        for guest, options in zip(guests, seats, strict=True)
        for option, literal in options
        if solver.boolean_value(literal)
    }
    return chosen, int(solver.best_objective_bound + 1e-6)


def least_slack(guests: Sequence[Guest], hinted: Mapping[Id, int], limit: float) -> int:
    """With everyone seated, at least so many seats stay empty: the solver's bound, rounded up."""
    model, seats = _modelled(guests, hinted)
    for options in seats:
        model.add_bool_or([literal for _, literal in options])
    model.minimize(sum(option.slack * literal for options in seats for option, literal in options))
    solver = _solver(limit)
    solver.solve(model)
    return ceil(solver.best_objective_bound - 1e-6)


def _modelled(guests: Sequence[Guest], hinted: Mapping[Id, int]) -> tuple[cp_model.CpModel, Seats]:
    """One literal per guest and option; nobody is seated twice, no table given twice at once."""
    model = cp_model.CpModel()
    seats: Seats = [[(option, model.new_bool_var("")) for option in guest.options] for guest in guests]
    for guest, options in zip(guests, seats, strict=True):
        model.add_at_most_one([literal for _, literal in options])
        for option, literal in options:
            model.add_hint(literal, hinted.get(guest.booking) == option.mask)
    for claim in _claims(guests, seats):
        model.add_at_most_one(claim)
    return model, seats


def _claims(guests: Sequence[Guest], seats: Seats) -> Iterator[list[cp_model.IntVar]]:
    """For each instant at which the house is fullest and each table, the seats that need it."""
    for instant in maximal_instants(guests):
        claims: dict[int, list[cp_model.IntVar]] = {}
        for guest, options in zip(guests, seats, strict=True):
            if guest.start <= instant < guest.end:
                for option, literal in options:
                    for bit in option.bits:
                        claims.setdefault(bit, []).append(literal)
        yield from claims.values()


def _solver(limit: float) -> cp_model.CpSolver:
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    solver.parameters.linearization_level = 2
    solver.parameters.max_deterministic_time = limit
    return solver

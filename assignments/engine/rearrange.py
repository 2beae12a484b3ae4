"""The rearrangement problem as a CP-SAT model. Imported when needed only."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from ortools.sat.python import cp_model

from assignments.engine.problem import Party, Problem
from assignments.engine.seating import Option

Allowed = Callable[[int, int], bool]
"""(place of the party, place of its option) -> whether the model may use it."""
Literals = list[cp_model.IntVar]

OPTIMAL, INFEASIBLE = cp_model.OPTIMAL, cp_model.INFEASIBLE
ANSWERED = (cp_model.OPTIMAL, cp_model.FEASIBLE)


@dataclass(slots=True)
class Allowance:
    """Deterministic time that searches share; each leaves the rest to the next."""

    left: float


class Model:
    """Variables: which option each party gets. Rows: one option a party; one party a table at each instant.

    `allowed` narrows the search: "infeasible" then speaks for the narrowed problem only.
    """

    def __init__(self, problem: Problem, allowed: Allowed) -> None:
        self.problem = problem
        self.model = cp_model.CpModel()
        self.options: list[list[tuple[Option, cp_model.IntVar]]] = []
        for place, party in enumerate(problem.parties):
            numbered = enumerate(party.options)
            usable = [option for number, option in numbered if allowed(place, number)]
            self.options.append([(option, self.model.new_bool_var("")) for option in usable])
            self.model.add_exactly_one([literal for _, literal in self.options[-1]])
        for row in self._rows():
            self.model.add_at_most_one(row)
        self.moved = [
            literal
            for place, party in enumerate(problem.parties)
            for option, literal in self.options[place]
            if place and option.mask != party.stay
        ]

    def fewest_moves(self, allowance: Allowance) -> tuple[cp_model.CpSolverStatus, list[Option]]:
        """Status and chosen options by place; hinted with today's seating."""
        stays = [party.stay for party in self.problem.parties]
        self._hint(stays)
        self.model.minimize(sum(self.moved))
        return self._solved(allowance)

    def least_slack(self, chosen: list[Option], limit: float) -> list[Option]:
        """With no more moves than chosen; when the limit is reached first, the best so far."""
        moves = sum(1 for party, option in self._others(chosen) if option.mask != party.stay)
        self.model.add(sum(self.moved) <= moves)
        self._hint([option.mask for option in chosen])
        self.model.minimize(
            sum(option.slack * literal for seats in self.options for option, literal in seats)
        )
        status, better = self._solved(Allowance(limit))
        return better if status in ANSWERED else chosen

    def _others(self, chosen: list[Option]) -> list[tuple[Party, Option]]:
        return list(zip(self.problem.parties, chosen, strict=True))[1:]

    def _hint(self, masks: list[int]) -> None:
        self.model.clear_hints()  # type: ignore[no-untyped-call]
        for mask, seats in zip(masks, self.options, strict=True):
            for option, literal in seats:
                self.model.add_hint(literal, option.mask == mask)

    def _solved(self, allowance: Allowance) -> tuple[cp_model.CpSolverStatus, list[Option]]:
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = 1
        # The relaxation of this problem is nearly whole, so the linear side does most of the work.
        solver.parameters.linearization_level = 2
        # Measured: without these two presolve steps an answer takes half the time.
        solver.parameters.cp_model_probing_level = 0
        solver.parameters.symmetry_level = 0
        solver.parameters.max_deterministic_time = allowance.left
        status = solver.solve(self.model)
        allowance.left = max(0.0, allowance.left - solver.response_proto.deterministic_time)
        if status not in ANSWERED:
            return status, []
        taken = [
            next(option for option, literal in seats if solver.boolean_value(literal))
            for seats in self.options
        ]
        return status, taken

    def _rows(self) -> Iterator[Literals]:
        """For each instant and table the seats of which at most one may be taken.

        Parties that share a table already may go on doing so: their present seats are compared with all new
        ones, never with each other.
        """
        for instant in self.problem.instants():
            for fresh, staying in self._claims(instant).values():
                if not staying:
                    yield fresh
                for literal in staying:
                    yield [*fresh, literal]

    def _claims(self, instant: datetime) -> dict[int, tuple[Literals, Literals]]:
        claims: dict[int, tuple[Literals, Literals]] = {}
        for party, seats in zip(self.problem.parties, self.options, strict=True):
            if party.at(instant):
                for option, literal in seats:
                    for bit in option.bits:
                        fresh, staying = claims.setdefault(bit, ([], []))
                        (staying if option.mask == party.stay else fresh).append(literal)
        return claims

"""The relaxed evening seen from today's seating: variables are departures from it. Imported when needed only.

Each party is seated already, except the request. So let a party's own seat be what is left of it: 1 minus its
moves minus its share in nothing. Then all variables at zero is today's seating, moves cost something, and a
single row is broken: the request wants a seat. That is where the dual simplex method likes to start; it
repairs the row in few steps. With a variable for every seat instead it builds the whole evening from nothing
(measured: the same optima; at 100 tables less than half the time for those that finished).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog
from scipy.sparse import csr_array, hstack, vstack

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Departed:
    """The optimum by option, parties one after the other.

    `values` are shares seated, `excess` by how much the cost rises at least when an option must be used,
    `unseated` the shares of all parties that are left over, `prices` what each row of `tables` charges.
    """

    cost: float
    values: Floats
    excess: Floats
    unseated: float
    prices: Floats


@dataclass(frozen=True, kw_only=True, slots=True)
class Departures:
    """The programme. Party i has the options starts[i] up to starts[i + 1]; party 0 is the request.

    `stays` are the options that parties 1, 2, ... hold now; `tables` has a row per table and instant and a
    column per option, 1 where the option takes what may be taken once. Today's seating must keep to that.
    """

    starts: Whole
    stays: Whole
    tables: Any

    def cheapest(self, costs: Floats, *, unseated: float, most_steps: int) -> Departed | None:
        """The cheapest seating in fractions, `unseated` being the cost of none; None when given up.

        Costs are of options; it is fast where none is dearer than leaving it, and right everywhere.
        """
        back = self._back()
        solved = linprog(
            self._costs(costs, unseated),
            A_ub=hstack([vstack([self._seats(), self.tables @ back]), self._left_over()], format="csc"),
            b_ub=self._limits(),
            bounds=(0, None),
            method="highs-ds",
            # Presolve costs more than it saves here.
            options={"presolve": False, "maxiter": most_steps},
        )
        return self._departed(costs, back, solved) if solved.status == 0 else None

    def _back(self) -> Any:
        """From departures to seats: a stay is what remains; in its column stands the share in nothing."""
        options = np.arange(self.starts[-1])
        moves = np.delete(options, self.stays)
        others = options[self.starts[1] :]
        own_stay = self.stays[self._owners()[others] - 1]
        entries = np.concatenate([np.ones(len(moves)), -np.ones(len(others))])
        places = (np.concatenate([moves, own_stay]), np.concatenate([moves, others]))
        return csr_array((entries, places), shape=(len(options), len(options)))

    def _owners(self) -> Whole:
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))

    def _seats(self) -> Any:
        """A row per party: the request at least once, the others depart at most once."""
        owners = self._owners()
        signs = np.where(owners == 0, -1.0, 1.0)
        shape = (len(self.starts) - 1, len(owners))
        return csr_array((signs, (owners, np.arange(len(owners)))), shape=shape)

    def _left_over(self) -> Any:
        """The last column, the request's share in nothing."""
        rows = len(self.starts) - 1 + self.tables.shape[0]
        return csr_array(([-1.0], ([0], [0])), shape=(rows, 1))

    def _limits(self) -> Floats:
        seats = np.ones(len(self.starts) - 1)
        seats[0] = -1.0
        today = np.zeros(self.starts[-1])
        today[self.stays] = 1.0
        return np.concatenate([seats, 1.0 - self.tables @ today])

    def _costs(self, costs: Floats, unseated: float) -> Floats:
        of_stay = self._of_stay(costs)
        dearer = costs - of_stay
        dearer[self.stays] = unseated - of_stay[self.stays]
        return np.append(dearer, unseated)

    def _of_stay(self, of_options: Floats) -> Floats:
        """For each option the value of its party's stay; 0 for the request."""
        return np.concatenate([[0.0], of_options[self.stays]])[self._owners()]

    def _departed(self, costs: Floats, back: Any, solved: Any) -> Departed:
        departures, nothing = solved.x[:-1], solved.x[-1]
        values = back @ departures
        values[self.stays] += 1.0
        parties = len(self.starts) - 1
        duals = -solved.ineqlin.marginals
        charged = costs + self.tables.T @ duals[parties:]
        # A party's row charges for leaving no stay behind; the request's pays for being seated.
        rows = np.concatenate([[-duals[0]], duals[1:parties]])
        return Departed(
            cost=float(solved.fun) + float(costs[self.stays].sum()),
            values=values,
            excess=charged - self._of_stay(charged) + rows[self._owners()],
            unseated=float(departures[self.stays].sum() + nothing),
            prices=duals[parties:],
        )

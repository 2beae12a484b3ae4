"""The linear programmes behind the bound and the reseating, solved by SciPy's HiGHS.

Imported when needed only.

Columns are options of parties; rows say that a party is seated at most once and that a table is held at most
once at each instant. Parties that share a table already stay free of charge (`tangled`): a relaxation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog
from scipy.sparse import csr_array

from assignments.engine.departures import Departures
from assignments.engine.ids import Id
from assignments.engine.problem import Party, Problem
from assignments.engine.seating import Option

TOLERANCE = 1e-7
MOST_STEPS = 50_000
"""Simplex iterations after which a programme is given up; counted, so the same everywhere."""
UNSEATED = 1000.0
"""What an unseated party costs, in moves."""

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
TablePrices = dict[tuple[int, datetime], float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Evening:
    """The relaxed optimum over all instants.

    `cost` counts moves plus a fraction below a half for slack; `chosen` holds the place of each party's
    option if the solution is whole, else None; `excess[i][j]` tells by how much the cost rises at least when
    party i gets option j; `prices` are worth of tables, 1 being a party.
    """

    seats_all: bool
    cost: float
    chosen: tuple[int, ...] | None
    excess: tuple[Floats, ...]
    prices: TablePrices


@dataclass(frozen=True, kw_only=True, slots=True)
class _Group:
    """Parties alike in times and options: one variable per option stands for all of them."""

    options: tuple[Option, ...]
    times: tuple[int, ...]
    count: int
    stay_free: int


def dual_prices(parties: Sequence[Party], instants: list[datetime], tangled: frozenset[Id]) -> TablePrices:
    """Prices that bound how many parties can be seated; empty when the solver gives up."""
    programme = _Programme(_grouped(parties, instants, tangled), instants)
    solved = programme.minimised(-np.ones(programme.width))
    return programme.priced(-solved.ineqlin.marginals[len(programme.groups) :]) if solved.status == 0 else {}


def relaxed_evening(
    problem: Problem, tangled: frozenset[Id], *, cost_of_move: float = 1.0, most_steps: int = MOST_STEPS
) -> Evening | None:
    """Everyone seated with the fewest moves, then the least slack, in fractions; None if given up."""
    instants = problem.instants()
    programme = _Programme([_group(party, instants, tangled) for party in problem.parties], instants)
    departures = Departures(
        starts=np.array(programme.starts), stays=_stays(problem, programme.starts), tables=programme.tables
    )
    found = departures.cheapest(_costs(problem, cost_of_move), unseated=UNSEATED, most_steps=most_steps)
    if found is None:
        return None
    cuts = programme.starts[1:-1]
    return Evening(
        seats_all=found.unseated < TOLERANCE * len(problem.parties),
        cost=found.cost,
        chosen=_whole(np.split(found.values, cuts)),
        excess=tuple(np.split(found.excess, cuts)),
        prices=programme.priced(found.prices / UNSEATED),
    )


def _stays(problem: Problem, starts: Sequence[int]) -> Whole:
    """The column of each party's present seat, the request's left out."""
    return np.array(
        [
            first + next(number for number, option in enumerate(party.options) if option.mask == party.stay)
            for first, party in zip(starts[1:], problem.parties[1:], strict=False)
        ],
        dtype=np.int64,
    )


def _costs(problem: Problem, cost_of_move: float) -> Floats:
    """`cost_of_move` for a move, and less than half a move for all slack together."""
    worst = sum(max((option.slack for option in party.options), default=0) for party in problem.parties)
    per_seat = 0.5 / (1 + worst)
    return np.array(
        [
            per_seat * option.slack + cost_of_move * (place > 0 and option.mask != party.stay)
            for place, party in enumerate(problem.parties)
            for option in party.options
        ],
        dtype=float,
    )


def _whole(values: list[Floats]) -> tuple[int, ...] | None:
    """The chosen option of each party, if each is seated whole."""
    if all(len(of_party) and of_party.max() > 1 - 1e-6 for of_party in values):
        return tuple(int(of_party.argmax()) for of_party in values)
    return None


class _Programme:
    """The matrix of one programme: rows of groups first, then one per table and instant that is used."""

    def __init__(self, groups: list[_Group], instants: list[datetime]) -> None:
        self.groups = groups
        self.instants = instants
        self.starts: list[int] = np.cumsum([0] + [len(group.options) for group in groups]).tolist()
        self.width = self.starts[-1]
        keys, columns = self._entries()
        self.keys, rows = _numbered(keys)
        of_group = np.repeat(np.arange(len(groups)), np.diff(self.starts))
        row = np.concatenate([of_group, rows + len(groups)])
        column = np.concatenate([np.arange(self.width), columns])
        shape = (len(groups) + len(self.keys), self.width)
        self.matrix = csr_array((np.ones(len(row)), (row, column)), shape=shape)
        self.limits = np.concatenate([[group.count for group in groups], np.ones(len(self.keys))])

    def minimised(self, costs: Floats) -> Any:
        # Presolve costs more than it saves here.
        return linprog(  # type: ignore[call-overload]
            costs,
            A_ub=self.matrix,
            b_ub=self.limits,
            bounds=(0, None),
            method="highs-ds",
            options={"presolve": False, "maxiter": MOST_STEPS},
        )

    @property
    def tables(self) -> Any:
        """The rows of tables at instants."""
        return self.matrix[len(self.groups) :]

    def priced(self, duals: Floats) -> TablePrices:
        times = len(self.instants)
        return {
            (key // times, self.instants[key % times]): price
            for key, price in zip(self.keys.tolist(), duals.tolist(), strict=True)
            if price > TOLERANCE
        }

    def _entries(self) -> tuple[Whole, Whole]:
        """For each option, table and instant: the key (bit * instants + instant) and the column."""
        parts = [
            _entries_of(group, first, len(self.instants))
            for group, first in zip(self.groups, self.starts, strict=False)
        ]
        return np.concatenate([key for key, _ in parts]), np.concatenate([column for _, column in parts])


def _entries_of(group: _Group, first: int, times: int) -> tuple[Whole, Whole]:
    pairs = [
        (bit, first + place)
        for place, option in enumerate(group.options)
        if option.mask != group.stay_free
        for bit in option.bits
    ]
    if not pairs or not group.times:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    bits, columns = np.array(pairs, dtype=np.int64).T
    keys = (bits[:, None] * times + np.array(group.times, dtype=np.int64)[None, :]).ravel()
    return keys, np.repeat(columns, len(group.times))


def _numbered(keys: Whole) -> tuple[Whole, Whole]:
    """The distinct keys, ascending, and each key's place among them."""
    used = np.zeros(int(keys.max(initial=0)) + 1, dtype=bool)
    used[keys] = True
    return np.flatnonzero(used), (np.cumsum(used) - 1)[keys]


def _group(party: Party, instants: list[datetime], tangled: frozenset[Id]) -> _Group:
    return _Group(
        options=party.options,
        times=tuple(place for place, instant in enumerate(instants) if party.at(instant)),
        count=1,
        stay_free=party.stay if party.booking in tangled else 0,
    )


def _grouped(parties: Sequence[Party], instants: list[datetime], tangled: frozenset[Id]) -> list[_Group]:
    found: dict[Any, list[_Group]] = {}
    for party in parties:
        group = _group(party, instants, tangled)
        key = (group.times, group.stay_free, tuple(option.mask for option in group.options))
        found.setdefault(key, []).append(group)
    return [
        _Group(options=same[0].options, times=same[0].times, count=len(same), stay_free=same[0].stay_free)
        for same in found.values()
    ]

"""The same house with its tables named in the opposite order.

Every tie that a planner breaks by id falls the other way, and nothing else differs: what a planner then does
differently on the same arrivals is chance.
"""

from dataclasses import replace

from assignments.engine.floor_plan import Combination, FloorPlan
from assignments.engine.ids import Id
from assignments.engine.scenario import Scenario


def renamed(scenario: Scenario) -> Scenario:
    """The scenario with its tables' ids swapped end for end: the first gets the last one's, and so on."""
    ids = [table.id for table in scenario.plan.tables]
    name: dict[Id, Id] = dict(zip(ids, reversed(ids), strict=True))
    blocks = tuple(replace(block, table=name[block.table]) for block in scenario.blocks)
    return replace(scenario, plan=_plan(scenario.plan, name), blocks=blocks)


def _plan(plan: FloorPlan, name: dict[Id, Id]) -> FloorPlan:
    return FloorPlan(
        tables=[replace(table, id=name[table.id]) for table in plan.tables],
        adjacencies=[(name[one], name[other]) for one, other in plan.adjacencies],
        combinations=[
            Combination(tables=frozenset(name[table] for table in item.tables), capacity=item.capacity)
            for item in plan.combinations
        ],
    )

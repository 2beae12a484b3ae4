"""The plan of a restaurant as it is in the database."""

from typing import Any

from bookings.imports.floor_plan import plan
from bookings.models import PacingLimit, Restaurant


def present_plan(restaurant: Restaurant) -> plan.Plan:
    """What the restaurant has now; read in a transaction that locks it, it stays so."""
    numbers = dict(restaurant.tables.values_list("pk", "number"))
    return plan.Plan(
        slug=restaurant.slug,
        rules=plan.Rules(**{name: getattr(restaurant, name) for name in plan.Rules.__slots__}),
        zones=tuple(
            plan.Zone(name=zone.name, kind=zone.kind, sort_order=zone.sort_order)
            for zone in restaurant.zones.all()
        ),
        tables=tuple(
            plan.Table(
                number=table.number,
                zone=table.zone.name,
                capacity=table.capacity,
                min_party=table.min_party,
                max_party=table.max_party,
                movable=table.movable,
                attributes=tuple(sorted(table.attributes)),
                active=table.active,
            )
            for table in restaurant.tables.select_related("zone")
        ),
        adjacencies=tuple(
            adjacency_of(numbers[low], numbers[high])
            for low, high in restaurant.adjacencies.values_list("table_low_id", "table_high_id")
        ),
        combinations=tuple(
            plan.Combination(
                name=named.name,
                tables=tuple(sorted(table.number for table in named.tables.all())),
                capacity=named.capacity,
            )
            for named in restaurant.combinations.prefetch_related("tables")
        ),
        **_calendar(restaurant, numbers),
    )


def adjacency_of(one: str, other: str) -> plan.Adjacency:
    """The pair in the order of numbers; in the database it is the order of ids."""
    first, second = sorted((one, other))
    return plan.Adjacency(first=first, second=second)


def _calendar(restaurant: Restaurant, numbers: dict[int, str]) -> dict[str, Any]:
    pacing = PacingLimit.objects.filter(restaurant=restaurant).first()
    return {
        "service_periods": tuple(
            plan.ServicePeriod(
                weekday=period.weekday,
                name=period.name,
                opens=period.opens,
                closes=period.closes,
                last_seating=period.last_seating,
            )
            for period in restaurant.service_periods.all()
        ),
        "turn_times": tuple(
            plan.TurnTime(
                service=turn.service_name,
                min_party=turn.min_party,
                max_party=turn.max_party,
                minutes=turn.minutes,
            )
            for turn in restaurant.turn_times.all()
        ),
        "closures": tuple(
            plan.Closure(starts_on=closure.starts_on, ends_on=closure.ends_on, reason=closure.reason)
            for closure in restaurant.closures.all()
        ),
        "blocks": tuple(
            plan.Block(
                table=numbers[block.table_id], start=block.start_at, end=block.end_at, reason=block.reason
            )
            for block in restaurant.blocks.all()
        ),
        "pacing": pacing
        and plan.Pacing(interval_minutes=pacing.interval_minutes, max_covers=pacing.max_covers),
    }

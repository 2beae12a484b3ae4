"""Edits of a floor plan: bookings whose tables no longer suit them get others, or are planned again.

Every edit goes through `edit`, or one of the use cases below it, which all take `dry_run`: it is then done
and taken back, so that what it tells is what would be done. What becomes of a booking is told in
`bookings.displacing`. Only what breaks a promise displaces anybody: too few seats, another zone, something
asked for that is gone, tables that no longer join or are out of service. More empty seats or a larger least
party do not, and nor does what did not suit before, since people chose it.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction

from bookings.allocations import be_alone, held_tables
from bookings.capacity import announce_freed
from bookings.demand.layout import connected
from bookings.displacing import Displaced, Fate, Order, counts, find_another, holders
from bookings.intake_rules import FURTHEST_AHEAD
from bookings.models import Adjacency, Booking, Combination, Restaurant, Table, Zone
from bookings.seating import Party, seating
from bookings.wishes import wish_of
from observability import events


class FloorPlanEditError(ValueError):
    """An edit that gives no floor plan: `field` names what is wrong, the message the way out."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


@dataclass(frozen=True, kw_only=True, slots=True)
class TableChange:
    """New values of a table; None stays as it is."""

    number: str | None = None
    zone: Zone | None = None
    capacity: int | None = None
    min_party: int | None = None
    max_party: int | None = None
    movable: bool | None = None
    attributes: Sequence[str] | None = None

    def write_to(self, table: Table) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None:
                setattr(table, field.name, value)


@dataclass(frozen=True, kw_only=True, slots=True)
class Edited:
    """Whom an edit displaced, or would displace."""

    displaced: tuple[Displaced, ...] = ()

    def with_fate(self, fate: Fate) -> list[Displaced]:
        return [item for item in self.displaced if item.fate == fate]


def change_table(
    *, table_id: int, change: TableChange, now: datetime, actor_id: int | None = None, dry_run: bool = False
) -> Edited:
    """Give a table other values. Whether it is in service is for `bookings.withdrawals`.

    Raises FloorPlanEditError for values that no table has, and for those that break a combination.
    """
    table = Table.objects.select_related("restaurant").get(pk=table_id)
    return edit(
        restaurant_id=table.restaurant_id,
        tables=[table_id],
        apply=lambda: _write(table, change),
        now=now,
        actor_id=actor_id,
        dry_run=dry_run,
    )


def unlink(*, adjacency_id: int, now: datetime, actor_id: int | None = None, dry_run: bool = False) -> Edited:
    """Let two tables no longer stand side by side.

    Raises FloorPlanEditError if a combination needs them to.
    """
    link = Adjacency.objects.get(pk=adjacency_id)
    return edit(
        restaurant_id=link.restaurant_id,
        tables=[link.table_low_id, link.table_high_id],
        apply=link.delete,
        now=now,
        actor_id=actor_id,
        dry_run=dry_run,
    )


def change_combination(
    *, combination_id: int, capacity: int, now: datetime, actor_id: int | None = None, dry_run: bool = False
) -> Edited:
    """Give a named combination another capacity. Raises FloorPlanEditError for less than one seat."""
    if capacity < 1:
        raise FloorPlanEditError("capacity", f"{capacity} is no number of seats; give 1 or more")
    combination = Combination.objects.get(pk=combination_id)
    return edit(
        restaurant_id=combination.restaurant_id,
        tables=_members(combination),
        apply=lambda: Combination.objects.filter(pk=combination_id).update(capacity=capacity),
        now=now,
        actor_id=actor_id,
        dry_run=dry_run,
    )


def remove_combination(
    *, combination_id: int, now: datetime, actor_id: int | None = None, dry_run: bool = False
) -> Edited:
    """Drop a named combination: its tables joined have the sum of their seats again."""
    combination = Combination.objects.get(pk=combination_id)
    return edit(
        restaurant_id=combination.restaurant_id,
        tables=_members(combination),
        apply=combination.delete,
        now=now,
        actor_id=actor_id,
        dry_run=dry_run,
    )


def edit(
    *,
    restaurant_id: int,
    tables: Collection[int],
    apply: Callable[[], object],
    now: datetime,
    actor_id: int | None = None,
    dry_run: bool = False,
) -> Edited:
    """Have `apply` edit the restaurant's floor plan at `tables`, and look after the bookings there.

    All in one transaction. Open reviews are looked at again, since there may be room now. Raises
    FloorPlanEditError if the plan contradicts itself afterwards and did not before.
    """
    with transaction.atomic():
        be_alone(restaurant_id)
        restaurant = Restaurant.objects.get(pk=restaurant_id)
        broken = _broken_combinations(restaurant)
        suited = [booking for booking in holders(tables=tables, start=now, end=None) if _suits(booking, now)]
        apply()
        restaurant = Restaurant.objects.get(pk=restaurant_id)
        _check_sound(restaurant, broken)
        displaced = _look_after(suited, restaurant, Order(now=now, actor_id=actor_id))
        _record(restaurant, tables, displaced, now, actor_id)
        announce_freed(restaurant_id=restaurant_id, start=now, end=now + FURTHEST_AHEAD)
        transaction.set_rollback(dry_run)
    return Edited(displaced=displaced)


def _look_after(suited: Sequence[Booking], restaurant: Restaurant, order: Order) -> tuple[Displaced, ...]:
    """Find another seat for whoever the edit left without one that suits."""
    for booking in suited:
        booking.restaurant = restaurant
    unseated = [booking for booking in suited if not _suits(booking, order.now)]
    return tuple(find_another(booking, restaurant, order) for booking in unseated)


def _suits(booking: Booking, now: datetime) -> bool:
    party = Party(restaurant=booking.restaurant, wish=wish_of(booking), booking_id=booking.pk)
    return seating().holds(party=party, tables=held_tables(booking), now=now)


def _write(table: Table, change: TableChange) -> None:
    table.refresh_from_db()
    change.write_to(table)
    if table.zone.restaurant_id != table.restaurant_id:
        raise FloorPlanEditError("zone", f"{table.zone} belongs to another restaurant; choose one of this")
    try:
        table.full_clean()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise FloorPlanEditError(field, " ".join(messages)) from error
    table.save()


def _members(combination: Combination) -> list[int]:
    return list(combination.tables.values_list("pk", flat=True))


def _check_sound(restaurant: Restaurant, broken_before: set[str]) -> None:
    """A plan with tables that are joined and cannot be seats nobody, so no edit leads to one."""
    broken = sorted(_broken_combinations(restaurant) - broken_before)
    if broken:
        raise FloorPlanEditError("floor plan", f"{'; '.join(broken)}. Change or remove that first.")


def _broken_combinations(restaurant: Restaurant) -> set[str]:
    links = list(restaurant.adjacencies.values_list("table_low_id", "table_high_id"))
    return {
        f"{combination.name}: {why}"
        for combination in restaurant.combinations.prefetch_related("tables")
        if (why := _against_joining(combination.tables.all(), links))
    }


def _against_joining(tables: Collection[Table], links: Sequence[tuple[int, int]]) -> str | None:
    """Why the tables of a combination cannot be joined; None if they can, or are not all in service."""
    if not all(table.active for table in tables):
        return None
    if len(tables) < 2:
        return "fewer than two tables"
    fixed = [table.number for table in tables if not table.movable]
    if fixed:
        return f"{', '.join(fixed)} cannot be moved, so not joined"
    if len({table.zone_id for table in tables}) > 1:
        return "the tables stand in different zones"
    if not connected([table.pk for table in tables], links):
        return "the tables are not all connected by adjacencies"
    return None


def _record(
    restaurant: Restaurant,
    tables: Collection[int],
    displaced: Sequence[Displaced],
    now: datetime,
    actor_id: int | None,
) -> None:
    events.record(
        [
            events.Record(
                source=events.BOOKINGS,
                event_type="floor_plan.edited",
                at=now,
                restaurant_id=restaurant.pk,
                context={"tables": sorted(tables), **counts(displaced), "actor": actor_id},
            )
        ]
    )

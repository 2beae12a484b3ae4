"""Makes a restaurant what a plan says, by its difference from what is there, all or nothing."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Min, ProtectedError

from bookings.allocations import be_alone
from bookings.displacing import Displaced
from bookings.floor_plan_edits import edit
from bookings.imports.floor_plan import plan
from bookings.imports.floor_plan.difference import Difference, difference
from bookings.imports.floor_plan.document import read_plan, slug_in
from bookings.imports.floor_plan.present import present_plan
from bookings.imports.floor_plan.reading import PlanError, Problem
from bookings.models import (
    Adjacency,
    Allocation,
    Closure,
    Combination,
    CombinationTable,
    PacingLimit,
    Restaurant,
    ServicePeriod,
    Table,
    TableBlock,
    TurnTime,
    Zone,
)
from bookings.service_time import lift_block


@dataclass(frozen=True, kw_only=True, slots=True)
class Imported:
    """What became of a document. `displaced` are coming bookings whose tables no longer suit them."""

    restaurant: Restaurant
    created: bool
    difference: Difference
    displaced: tuple[Displaced, ...] = ()


@transaction.atomic
def import_plan(
    *, content: object, now: datetime, actor_id: int | None = None, dry_run: bool = False
) -> Imported:
    """Create or change the restaurant that a document describes.

    Tables that are left out are deleted, or put out of use if they were ever held; one that a coming
    booking holds refuses the whole document. Bookings at tables that no longer suit them, or are blocked,
    are seated elsewhere or planned again. Raises PlanError with all problems; then nothing is changed.
    """
    restaurant, created = _locked(content)
    before = present_plan(restaurant)
    found = difference(before, read_plan(content, base=before), now=now)
    problems = [*_held(restaurant, found, now)]
    if problems:
        raise PlanError(problems)
    displaced = _carry_out(restaurant, found, now, actor_id) if found else ()
    transaction.set_rollback(dry_run)
    return Imported(restaurant=restaurant, created=created, difference=found, displaced=displaced)


def _carry_out(
    restaurant: Restaurant, found: Difference, now: datetime, actor_id: int | None
) -> tuple[Displaced, ...]:
    touched = restaurant.tables.filter(number__in=_touched(found)).values_list("pk", flat=True)
    edited = edit(
        restaurant_id=restaurant.pk,
        tables=list(touched),
        apply=lambda: _apply(restaurant, found),
        now=now,
        actor_id=actor_id,
    )
    return edited.displaced


def _touched(found: Difference) -> set[str]:
    """Numbers of the tables whose bookings may no longer suit them."""
    links = found.adjacencies.removed
    combinations = [*found.combinations.removed, *(before for before, _ in found.combinations.changed)]
    return {
        *(table.number for table, _ in found.tables.changed),
        *(number for link in links for number in (link.first, link.second)),
        *(number for named in combinations for number in named.tables),
        *(block.table for block in found.blocks.added),
    }


def _locked(content: object) -> tuple[Restaurant, bool]:
    """The restaurant, locked until it is as the document says; and whether it is new."""
    slug = slug_in(content)
    if not Restaurant.objects.filter(slug=slug).exists():
        new = read_plan(content)
        if not new.tables:
            raise PlanError([Problem(path=("tables",), reason="missing; a new restaurant needs tables")])
        # Somebody else may create it at the same time: then it is changed instead.
        _, created = Restaurant.objects.get_or_create(slug=slug, defaults=asdict(new.rules))
    else:
        created = False
    # Tables before rows: the order of all who take tables. Bookings that come in refer to the row and go on.
    be_alone(Restaurant.objects.get(slug=slug).pk)
    return Restaurant.objects.select_for_update(no_key=True).get(slug=slug), created


def _held(restaurant: Restaurant, found: Difference, now: datetime) -> Iterable[Problem]:
    """Tables that are to go and that coming bookings hold: their guests must be seated elsewhere first."""
    stopped = [after.number for before, after in found.tables.changed if before.active and not after.active]
    going = [table.number for table in found.tables.removed]
    held = (
        Allocation.objects.filter(
            table__restaurant=restaurant,
            table__number__in=[*going, *stopped],
            active=True,
            period__endswith__gt=now,
        )
        .values("table__number")
        .annotate(bookings=Count("booking"), first=Min("booking__start_at"))
        .order_by("table__number")
    )
    for row in held:
        first = row["first"].astimezone(restaurant.tzinfo)
        yield Problem(
            path=("tables",),
            reason=f"table {row['table__number']} cannot go: {row['bookings']} coming bookings hold it, "
            f"the first on {first:%Y-%m-%d %H:%M}; give them other tables first or keep it in the file",
        )


def _apply(restaurant: Restaurant, found: Difference) -> None:
    """In the order that foreign keys and exclusion constraints allow: what goes before what comes."""
    for _, rules in found.rules:
        Restaurant.objects.filter(pk=restaurant.pk).update(**asdict(rules))
        restaurant.refresh_from_db()
    _remove_links(restaurant, found)
    _write_zones(restaurant, found)
    _write_tables(restaurant, found)
    _remove_zones(restaurant, found)
    _add_links(restaurant, found)
    _write_calendar(restaurant, found)
    _write_blocks(restaurant, found)


def _tables(restaurant: Restaurant) -> dict[str, Table]:
    return {table.number: table for table in restaurant.tables.all()}


def _remove_links(restaurant: Restaurant, found: Difference) -> None:
    tables = _tables(restaurant)
    for pair in found.adjacencies.removed:
        low, high = _by_id(tables, pair)
        Adjacency.objects.filter(table_low=low, table_high=high).delete()
    gone = [named.name for named in found.combinations.removed]
    restaurant.combinations.filter(name__in=gone).delete()


def _by_id(tables: dict[str, Table], pair: plan.Adjacency) -> list[Table]:
    """The database keeps pairs with the lower id first."""
    return sorted((tables[pair.first], tables[pair.second]), key=lambda table: table.pk)


def _write_zones(restaurant: Restaurant, found: Difference) -> None:
    Zone.objects.bulk_create(Zone(restaurant=restaurant, **asdict(zone)) for zone in found.zones.added)
    for _, zone in found.zones.changed:
        restaurant.zones.filter(name=zone.name).update(kind=zone.kind, sort_order=zone.sort_order)


def _write_tables(restaurant: Restaurant, found: Difference) -> None:
    zones = {zone.name: zone for zone in restaurant.zones.all()}
    Table.objects.bulk_create(
        Table(restaurant=restaurant, **_columns(table, zones)) for table in found.tables.added
    )
    for _, table in found.tables.changed:
        restaurant.tables.filter(number=table.number).update(**_columns(table, zones))
    for table in found.tables.removed:
        _remove_table(restaurant.tables.get(number=table.number))


def _columns(table: plan.Table, zones: dict[str, Zone]) -> dict[str, object]:
    return {**asdict(table), "zone": zones[table.zone], "attributes": list(table.attributes)}


def _remove_table(table: Table) -> None:
    """Past bookings keep their table; out of use it is not given again."""
    try:
        with transaction.atomic():
            table.delete()
    except ProtectedError:
        Table.objects.filter(pk=table.pk).update(active=False)


def _remove_zones(restaurant: Restaurant, found: Difference) -> None:
    for zone in found.zones.removed:
        try:
            restaurant.zones.get(name=zone.name).delete()
        except ProtectedError:
            reason = (
                f"zone {zone.name!r} cannot go: tables out of use or bookings name it; keep it in the file"
            )
            raise PlanError([Problem(path=("zones",), reason=reason)]) from None


def _add_links(restaurant: Restaurant, found: Difference) -> None:
    tables = _tables(restaurant)
    pairs = (_by_id(tables, pair) for pair in found.adjacencies.added)
    Adjacency.objects.bulk_create(
        Adjacency(restaurant=restaurant, table_low=low, table_high=high) for low, high in pairs
    )
    for named in found.combinations.added:
        _join(
            Combination.objects.create(restaurant=restaurant, name=named.name, capacity=named.capacity),
            named,
            tables,
        )
    for _, named in found.combinations.changed:
        combination = restaurant.combinations.get(name=named.name)
        Combination.objects.filter(pk=combination.pk).update(capacity=named.capacity)
        CombinationTable.objects.filter(combination=combination).delete()
        _join(combination, named, tables)


def _join(combination: Combination, named: plan.Combination, tables: dict[str, Table]) -> None:
    CombinationTable.objects.bulk_create(
        CombinationTable(restaurant=combination.restaurant, combination=combination, table=tables[number])
        for number in named.tables
    )


def _write_calendar(restaurant: Restaurant, found: Difference) -> None:
    for period in found.service_periods.removed:
        restaurant.service_periods.filter(weekday=period.weekday, opens=period.opens).delete()
    for turn in found.turn_times.removed:
        restaurant.turn_times.filter(service_name=turn.service, min_party=turn.min_party).delete()
    for closure in found.closures.removed:
        restaurant.closures.filter(**asdict(closure)).delete()
    ServicePeriod.objects.bulk_create(
        ServicePeriod(restaurant=restaurant, **asdict(period)) for period in found.service_periods.added
    )
    TurnTime.objects.bulk_create(
        TurnTime(
            restaurant=restaurant,
            service_name=turn.service,
            min_party=turn.min_party,
            max_party=turn.max_party,
            minutes=turn.minutes,
        )
        for turn in found.turn_times.added
    )
    Closure.objects.bulk_create(
        Closure(restaurant=restaurant, **asdict(closure)) for closure in found.closures.added
    )
    if found.pacing:
        PacingLimit.objects.filter(restaurant=restaurant).delete()
        if found.after.pacing:
            PacingLimit.objects.create(restaurant=restaurant, **asdict(found.after.pacing))


def _write_blocks(restaurant: Restaurant, found: Difference) -> None:
    """A block that goes is lifted, which announces the seats that become free."""
    for block in found.blocks.removed:
        rows = restaurant.blocks.filter(table__number=block.table, start_at=block.start, end_at=block.end)
        for row in rows.filter(reason=block.reason):
            lift_block(block_id=row.pk)
    tables = _tables(restaurant)
    TableBlock.objects.bulk_create(
        TableBlock(
            restaurant=restaurant,
            table=tables[block.table],
            start_at=block.start,
            end_at=block.end,
            reason=block.reason,
        )
        for block in found.blocks.added
    )

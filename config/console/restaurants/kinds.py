"""What can be edited of a restaurant: for each kind its form, its words, and the use cases behind it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.db.models import QuerySet

from bookings import floor_plan_edits, house_edits, service_time, withdrawals
from bookings.calendar import load_calendar
from bookings.floor_plan_edits import TableChange
from bookings.models import (
    Adjacency,
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
from config.console.restaurants import described, rule_forms, table_forms
from config.console.restaurants.consequences import NOTHING, Consequences, displaced, outside
from config.console.restaurants.described import Words
from config.console.restaurants.plan_form import PlanForm, neighbours_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """An edit about to be done: `form` is valid where something is saved, `row` is as it stands."""

    restaurant: Restaurant
    row: Any
    form: PlanForm
    now: datetime
    actor_id: int


UseCase = Callable[[Edit], Consequences]


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """A kind of row. `stem` names the permissions; `anchor` is its place on the restaurant's page.

    `remove` takes a row away, `give_back` puts one back that was taken out of service.
    """

    slug: str
    noun: str
    model: Any
    stem: str
    anchor: str
    form: type[PlanForm]
    words: Callable[[Any], Words]
    save: UseCase
    edit_form: type[PlanForm] | None = None
    remove: UseCase | None = None
    remove_verb: str = "Remove"
    removed: str = "removed"
    remove_by: str = "delete"
    give_back: UseCase | None = None
    can_add: bool = True

    def right(self, action: str) -> str:
        """The permission of add, change or delete."""
        return f"bookings.{action}_{self.stem}"

    def rows(self) -> QuerySet[Any]:
        """All of its rows, each with its restaurant."""
        found: QuerySet[Any] = self.model.objects.select_related("restaurant")
        return found

    def form_for(self, pk: int | None) -> type[PlanForm]:
        return self.form if pk is None else self.edit_form or self.form


def _save_table(edit: Edit) -> Consequences:
    form, row = edit.form, edit.form.instance
    if row.pk is None:
        return _edit_plan(edit, (), row.save)
    change = TableChange(**{name: form.cleaned_data[name] for name in form.changed_data})
    done = floor_plan_edits.change_table(table_id=row.pk, change=change, now=edit.now, actor_id=edit.actor_id)
    return displaced(done.displaced)


def _take_table_out(edit: Edit) -> Consequences:
    done = withdrawals.deactivate_table(table_id=edit.row.pk, now=edit.now, actor_id=edit.actor_id)
    house_edits.tell(edit.row, "out_of_service", now=edit.now, actor_id=edit.actor_id)
    return displaced(done.displaced)


def _put_table_back(edit: Edit) -> Consequences:
    withdrawals.reactivate_table(table_id=edit.row.pk, now=edit.now, actor_id=edit.actor_id)
    return NOTHING


def _save_neighbours(edit: Edit) -> Consequences:
    """Pairs that go take along who sits at both tables joined; new ones only make room."""
    table = edit.row
    wanted = {other.pk for other in edit.form.cleaned_data["neighbours"]}
    standing = {pair.table_low_id + pair.table_high_id - table.pk: pair for pair in neighbours_of(table)}

    def write() -> None:
        for pk in standing.keys() - wanted:
            standing[pk].delete()
        for pk in sorted(wanted - standing.keys()):
            low, high = sorted((table.pk, pk))
            Adjacency.objects.create(restaurant=edit.restaurant, table_low_id=low, table_high_id=high)

    return _edit_plan(edit, {table.pk, *(standing.keys() - wanted)}, write)


def _save_combination(edit: Edit) -> Consequences:
    row, wanted = edit.form.instance, {table.pk for table in edit.form.cleaned_data["tables"]}
    held = set(row.tables.values_list("pk", flat=True)) if row.pk else set()

    def write() -> None:
        row.save()
        CombinationTable.objects.filter(combination=row).exclude(table__in=wanted).delete()
        CombinationTable.objects.bulk_create(
            CombinationTable(restaurant=edit.restaurant, combination=row, table_id=pk)
            for pk in sorted(wanted - held)
        )

    return _edit_plan(edit, wanted | held, write)


def _remove_combination(edit: Edit) -> Consequences:
    done = floor_plan_edits.remove_combination(
        combination_id=edit.row.pk, now=edit.now, actor_id=edit.actor_id
    )
    return displaced(done.displaced)


def _edit_plan(edit: Edit, tables: Collection[int], write: Callable[[], object]) -> Consequences:
    done = floor_plan_edits.edit(
        restaurant_id=edit.restaurant.pk, tables=tables, apply=write, now=edit.now, actor_id=edit.actor_id
    )
    return displaced(done.displaced)


def _save_block(edit: Edit) -> Consequences:
    row = edit.form.instance
    if row.pk is not None:
        return _save_rule(edit)
    done = withdrawals.place_block(
        table=row.table,
        start=row.start_at,
        end=row.end_at,
        reason=row.reason,
        now=edit.now,
        actor_id=edit.actor_id,
    )
    # The log of changes and the message are about the block as it was placed.
    row.pk = done.block.pk if done.block else None
    house_edits.tell(row, "added", now=edit.now, actor_id=edit.actor_id)
    return displaced(done.displaced)


def _lift_block(edit: Edit) -> Consequences:
    house_edits.tell(edit.row, "removed", now=edit.now, actor_id=edit.actor_id)
    service_time.lift_block(block_id=edit.row.pk)
    return NOTHING


def _save_rule(edit: Edit) -> Consequences:
    house_edits.save(
        row=edit.form.instance, fields=edit.form.changed_data, now=edit.now, actor_id=edit.actor_id
    )
    return NOTHING


def _remove_rule(edit: Edit) -> Consequences:
    house_edits.remove(row=edit.row, now=edit.now, actor_id=edit.actor_id)
    return NOTHING


def _and_outside(use_case: UseCase) -> UseCase:
    """The use case, and whom it leaves outside the services."""

    def do(edit: Edit) -> Consequences:
        before = load_calendar(edit.restaurant)
        use_case(edit)
        after = load_calendar(edit.restaurant)
        return outside(
            house_edits.left_outside(restaurant=edit.restaurant, before=before, after=after, now=edit.now)
        )

    return do


_ALL = (
    Kind(
        slug="table", noun="table", model=Table, stem="table", anchor="tables", form=table_forms.TableForm,
        words=described.table, save=_save_table, remove=_take_table_out, remove_verb="Take out of service",
        removed="out of service", remove_by="change", give_back=_put_table_back,
    ),
    Kind(
        slug="neighbours", noun="neighbours of table", model=Table, stem="adjacency", anchor="tables",
        form=table_forms.NeighboursForm, words=described.neighbours, save=_save_neighbours, can_add=False,
    ),
    Kind(
        slug="combination", noun="combination", model=Combination, stem="combination", anchor="combinations",
        form=table_forms.CombinationForm, words=described.combination, save=_save_combination,
        remove=_remove_combination,
    ),
    Kind(
        slug="block", noun="block", model=TableBlock, stem="tableblock", anchor="blocks",
        form=table_forms.BlockForm, edit_form=table_forms.BlockReasonForm, words=described.block,
        save=_save_block, remove=_lift_block, remove_verb="Lift", removed="lifted",
    ),
    Kind(
        slug="zone", noun="zone", model=Zone, stem="zone", anchor="plan", form=table_forms.ZoneForm,
        words=described.zone, save=_save_rule,
    ),
    Kind(
        slug="service", noun="service", model=ServicePeriod, stem="serviceperiod", anchor="services",
        form=rule_forms.ServiceForm, words=described.service, save=_and_outside(_save_rule),
        remove=_and_outside(_remove_rule),
    ),
    Kind(
        slug="turntime", noun="turn time", model=TurnTime, stem="turntime", anchor="turntimes",
        form=rule_forms.TurnTimeForm, words=described.turn_time, save=_save_rule, remove=_remove_rule,
    ),
    Kind(
        slug="pacing", noun="pacing limit", model=PacingLimit, stem="pacinglimit", anchor="pacing",
        form=rule_forms.PacingForm, words=described.pacing, save=_save_rule, remove=_remove_rule,
    ),
    Kind(
        slug="closure", noun="closure", model=Closure, stem="closure", anchor="closures",
        form=rule_forms.ClosureForm, words=described.closure, save=_and_outside(_save_rule),
        remove=_remove_rule,
    ),
)  # fmt: skip

KINDS: Mapping[str, Kind] = MappingProxyType({kind.slug: kind for kind in _ALL})

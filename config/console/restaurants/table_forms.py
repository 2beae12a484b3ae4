"""Forms of the floor plan: zones, tables, who stands next to whom, combinations, blocks."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError

from bookings.admin.local_time import LocalDateTimeField, instant
from bookings.demand.layout import connected
from bookings.models import Combination, Table, TableAttribute, TableBlock, Zone
from config.console.restaurants.plan_form import PlanForm, TablesField, neighbours_of


class ZoneForm(PlanForm):
    class Meta:
        model = Zone
        fields = ("name", "kind", "sort_order")
        help_texts: ClassVar = {"sort_order": "Zones are shown from the lowest number on."}

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        if self.taken("name", name):
            raise ValidationError(f"There is a zone {name} already; choose another name.")
        return name


class TableForm(PlanForm):
    attributes = forms.MultipleChoiceField(
        choices=TableAttribute.choices, required=False, widget=forms.CheckboxSelectMultiple, label="Offers"
    )

    class Meta:
        model = Table
        fields = ("number", "zone", "capacity", "min_party", "max_party", "movable", "attributes")
        labels: ClassVar = {
            "capacity": "Seats", "min_party": "Smallest party alone", "max_party": "Largest party alone",
            "movable": "Movable",
        }  # fmt: skip
        help_texts: ClassVar = {"capacity": "", "max_party": ""}

    def prepare(self) -> None:
        self.fields["zone"].queryset = Zone.objects.filter(restaurant=self.restaurant)  # type: ignore[attr-defined]
        for name in ("capacity", "min_party", "max_party"):
            self.fields[name].widget.attrs["min"] = 1

    def clean_number(self) -> str:
        number = str(self.cleaned_data["number"])
        if self.taken("number", number):
            raise ValidationError(f"There is a table {number} already; choose another number.")
        return number

    def clean(self) -> dict[str, Any]:
        super().clean()
        for name in ("capacity", "min_party", "max_party"):
            if self.cleaned_data.get(name) == 0:
                self.add_error(name, "At least 1.")
        self.refuse_order(
            "min_party", "max_party", "The smallest party, {0}, is larger than the largest, {1}."
        )
        self.refuse_order("max_party", "capacity", "A party of {0} does not fit {1} seats.")
        return self.cleaned_data


class NeighboursForm(PlanForm):
    neighbours = TablesField(queryset=Table.objects.none(), required=False, label="Stands next to")

    class Meta:
        model = Table
        fields = ()

    def prepare(self) -> None:
        """Tables of its zone, since only they are joined, and those elsewhere it is next to already."""
        pairs = neighbours_of(self.instance)
        near = {pair.table_low_id for pair in pairs} | {pair.table_high_id for pair in pairs}
        others = Table.objects.filter(restaurant=self.restaurant).exclude(pk=self.instance.pk)
        field = self.fields["neighbours"]
        assert isinstance(field, TablesField)  # noqa: S101 - for the types
        field.offer(table for table in others if table.zone_id == self.instance.zone_id or table.pk in near)
        self.initial["neighbours"] = sorted(near - {self.instance.pk})


class CombinationForm(PlanForm):
    tables = TablesField(queryset=Table.objects.none(), label="Tables")

    class Meta:
        model = Combination
        fields = ("name", "capacity", "tables")
        labels: ClassVar = {"capacity": "Seats together"}
        help_texts: ClassVar = {"capacity": "With the tables joined; this counts instead of their sum."}

    def prepare(self) -> None:
        field = self.fields["tables"]
        assert isinstance(field, TablesField)  # noqa: S101 - for the types
        members = set(self.instance.tables.values_list("pk", flat=True)) if self.instance.pk else set()
        tables = Table.objects.filter(restaurant=self.restaurant)
        field.offer(table for table in tables if (table.movable and table.active) or table.pk in members)
        self.fields["capacity"].widget.attrs["min"] = 1

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        if self.taken("name", name):
            raise ValidationError(f"There is a combination {name} already; choose another name.")
        return name

    def clean_tables(self) -> list[Table]:
        tables = list(self.cleaned_data["tables"])
        if len(tables) < 2:
            raise ValidationError("A combination joins at least two tables.")
        if len(tables) > self.restaurant.max_tables:
            raise ValidationError(
                f"{len(tables)} tables are more than the {self.restaurant.max_tables} that are joined here."
            )
        if len({table.zone_id for table in tables}) > 1:
            raise ValidationError("These tables stand in different zones; tables are joined within one.")
        fixed = [table.number for table in tables if not table.movable]
        if fixed:
            raise ValidationError(f"{', '.join(fixed)} cannot be moved; choose movable tables.")
        links = [(pair.table_low_id, pair.table_high_id) for table in tables for pair in neighbours_of(table)]
        if not connected([table.pk for table in tables], links):
            raise ValidationError("These do not all stand next to each other; say first which tables do.")
        self._refuse_same(tables)
        return tables

    def _refuse_same(self, tables: list[Table]) -> None:
        """The same tables under two names would have two numbers of seats."""
        wanted = {table.pk for table in tables}
        others = Combination.objects.filter(restaurant=self.restaurant).exclude(pk=self.instance.pk)
        for other in others.prefetch_related("tables"):
            if {table.pk for table in other.tables.all()} == wanted:
                raise ValidationError(f"{other.name} joins just these tables already; edit that one.")


class BlockForm(PlanForm):
    """Takes the period on the restaurant's clock."""

    start_at = LocalDateTimeField(
        label="From", help_text="", widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )
    end_at = LocalDateTimeField(
        label="Until", help_text="", widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )

    class Meta:
        model = TableBlock
        fields = ("table", "start_at", "end_at", "reason")

    def prepare(self) -> None:
        tables = Table.objects.filter(restaurant=self.restaurant, active=True)
        self.fields["table"].queryset = tables  # type: ignore[attr-defined]
        clock = f"On the clock in {self.restaurant.timezone}."
        for name in ("start_at", "end_at"):
            self.fields[name].help_text = clock

    def clean_start_at(self) -> Any:
        return instant(self.cleaned_data["start_at"], self.restaurant)

    def clean_end_at(self) -> Any:
        return instant(self.cleaned_data["end_at"], self.restaurant)

    def clean(self) -> dict[str, Any]:
        super().clean()
        start, end = self.cleaned_data.get("start_at"), self.cleaned_data.get("end_at")
        if start and end and end <= start:
            self.add_error("end_at", "The block ends before it starts; choose a later time.")
        return self.cleaned_data


class BlockReasonForm(PlanForm):
    """A block that ends or moves is lifted, which tells whoever waits; only why it is there is edited."""

    class Meta:
        model = TableBlock
        fields = ("reason",)

"""What all forms of the floor plan and calendar share. They tell what is wrong before the database would."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.db.models import Q

from bookings.admin.same_restaurant import OfRestaurantForm
from bookings.models import Adjacency, Restaurant, Table
from config.console.restaurants.drawing import natural


class PlanForm(OfRestaurantForm):
    """The form of a row of one restaurant."""

    def __init__(self, *args: Any, restaurant: Restaurant, **options: Any) -> None:
        super().__init__(*args, **options)
        self.restaurant = restaurant
        self.instance.restaurant = restaurant
        for field in self.fields.values():
            if not isinstance(field.widget, forms.CheckboxInput | forms.CheckboxSelectMultiple):
                field.widget.attrs.setdefault("class", "in")
        self.prepare()

    def prepare(self) -> None:
        """Narrow the choices to those of the restaurant."""

    def taken(self, name: str, value: Any) -> bool:
        """Whether another row of the restaurant has this value."""
        rows = type(self.instance).objects.filter(restaurant=self.restaurant, **{name: value})
        return bool(rows.exclude(pk=self.instance.pk).exists())

    def refuse_order(self, low: str, high: str, message: str) -> None:
        """Refuse two values of which the first is the larger; the message may name both as {0} and {1}."""
        one, other = self.cleaned_data.get(low), self.cleaned_data.get(high)
        if one is not None and other is not None and one > other:
            self.add_error(high, message.format(one, other))


def neighbours_of(table: Table) -> list[Adjacency]:
    """The pairs a table belongs to."""
    return list(Adjacency.objects.filter(Q(table_low=table) | Q(table_high=table)))


class TablesField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg] # none at run time
    """Tables as boxes to tick."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.number}, {obj.capacity} seats"

    def offer(self, tables: Iterable[Table]) -> None:
        """Tables in the order people read their numbers."""
        chosen = sorted(tables, key=lambda table: natural(table.number))
        self.queryset = Table.objects.filter(pk__in=[table.pk for table in chosen])
        self.choices = [(table.pk, self.label_from_instance(table)) for table in chosen]

"""What the list of events is narrowed by, as it stands in the address."""

from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet

from bookings.models import Booking, Restaurant
from observability.events import CATALOGUE
from observability.models import Event, Severity
from observability.models.event import EVERYDAY
from observability.scope import Scope

_TYPES = sorted({name for types in CATALOGUE.values() for name in types})
_MOMENT = forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class EventFilter(django_filters.FilterSet):  # type: ignore[misc] # it has no types
    """Choices come from the catalogue; asking the table for them would read all of it."""

    restaurant = django_filters.ModelChoiceFilter(
        field_name="restaurant_id",
        queryset=Restaurant.objects.none(),
        method="of_restaurant",
        empty_label="All restaurants",
        label="Restaurant",
    )
    reference = django_filters.CharFilter(
        method="of_booking",
        max_length=16,
        label="Booking",
        widget=forms.TextInput({"type": "search", "placeholder": "Reference"}),
    )
    source = django_filters.ChoiceFilter(
        method="of_source", choices=[(name, name) for name in CATALOGUE], empty_label="Any source"
    )
    event_type = django_filters.ChoiceFilter(
        choices=[(name, name) for name in _TYPES], empty_label="Any type", label="Type"
    )
    severity = django_filters.ChoiceFilter(choices=Severity.choices, empty_label="Any severity")
    since = django_filters.DateTimeFilter(
        field_name="created_at", lookup_expr="gte", label="From, UTC", widget=_MOMENT
    )
    until = django_filters.DateTimeFilter(
        field_name="created_at", lookup_expr="lt", label="To, UTC", widget=_MOMENT
    )

    class Meta:
        model = Event
        fields = ("restaurant", "reference", "source", "event_type", "severity", "since", "until")

    def __init__(self, *args: Any, scope: Scope, **options: Any) -> None:
        super().__init__(*args, **options)
        self.scope = scope
        self.filters["restaurant"].queryset = scope.narrow(Restaurant.objects.order_by("name"), "pk")
        for field in self.form.fields.values():
            field.widget.attrs["class"] = "in"

    @property
    def rows(self) -> QuerySet[Event]:
        """The events of the person's scope that the filters leave; none if a filter cannot be read."""
        rows = self.scope.narrow(self.queryset, "restaurant_id")
        return self.filter_queryset(rows) if self.form.is_valid() else rows.none()

    def of_restaurant(self, rows: QuerySet[Event], _name: str, restaurant: Restaurant) -> QuerySet[Event]:
        return rows.filter(restaurant_id=restaurant.pk)

    def of_booking(self, rows: QuerySet[Event], _name: str, reference: str) -> QuerySet[Event]:
        """By the number of the booking, which is looked up among those the person may see."""
        seen = self.scope.narrow(Booking.objects.all(), "restaurant")
        number = seen.filter(reference=reference.strip().upper()).values_list("pk", flat=True).first()
        return rows.none() if number is None else rows.filter(booking_id=number)

    def of_source(self, rows: QuerySet[Event], _name: str, source: str) -> QuerySet[Event]:
        """A source whose types are all rare is found by them; sources have no index."""
        rows, types = rows.filter(source=source), CATALOGUE[source].keys()
        return rows.filter(event_type__in=sorted(types)) if types.isdisjoint(EVERYDAY) else rows

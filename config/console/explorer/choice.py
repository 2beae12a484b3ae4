"""What the explorer is asked to show, as it stands in the address."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from django import forms
from django.http import QueryDict

from bookings.models import Restaurant
from observability.metrics.window import Window
from observability.metrics.work import Path
from observability.scope import Scope


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A length of time, the steps it is drawn in, whole buckets of the rollups, and how they are told."""

    label: str
    length: timedelta
    step: timedelta
    shown: str = "%d %b %H:%M"


SPANS: Mapping[str, Span] = {
    "1h": Span(label="1 hour", length=timedelta(hours=1), step=timedelta(minutes=5)),
    "6h": Span(label="6 hours", length=timedelta(hours=6), step=timedelta(minutes=15)),
    "24h": Span(label="24 hours", length=timedelta(days=1), step=timedelta(hours=1)),
    "7d": Span(label="7 days", length=timedelta(days=7), step=timedelta(days=1), shown="%a %d %b"),
    "30d": Span(label="30 days", length=timedelta(days=30), step=timedelta(days=1), shown="%d %b"),
}
USUAL = "24h"

PATHS = {"": "Both paths", Path.V3.value: "V3", Path.LEGACY.value: "Legacy"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """A span, a restaurant or all, and a path or both."""

    span: Span
    restaurant: Restaurant | None
    path: Path | None

    @property
    def zone(self) -> tzinfo:
        """The restaurant's own, but UTC for all together and for days, which are UTC days in the rollups."""
        if self.restaurant is None or not self.span.step % timedelta(days=1):
            return UTC
        return self.restaurant.tzinfo

    def window(self, now: datetime) -> Window:
        """Whole steps; the last one has begun."""
        restaurant_id = self.restaurant.pk if self.restaurant else None
        return Window.lately(now, self.span.length, restaurant_id, step=self.span.step)


class ChoiceForm(forms.Form):
    """The filters. "All restaurants" is for those only who work for every one."""

    span = forms.ChoiceField(
        label="Time", choices=[(key, f"Last {span.label}") for key, span in SPANS.items()], required=False
    )
    restaurant = forms.ModelChoiceField(Restaurant.objects.none(), required=False)
    path = forms.ChoiceField(label="Path", choices=list(PATHS.items()), required=False)

    def __init__(self, asked: QueryDict, *, scope: Scope) -> None:
        super().__init__({"span": USUAL, **asked.dict()})
        self.scope = scope
        restaurants = scope.narrow(Restaurant.objects.order_by("name"), "pk")
        field = self.fields["restaurant"]
        field.queryset = restaurants  # type: ignore[attr-defined]
        field.empty_label = "All restaurants" if scope.is_everything else "Choose a restaurant"  # type: ignore[attr-defined]
        for field in self.fields.values():
            field.widget.attrs["class"] = "in"

    def choice(self) -> Choice | None:
        """What to show; None where a filter names what there is not, or nothing of this person's."""
        if not self.is_valid():
            return None
        restaurant = self.cleaned_data["restaurant"]
        if restaurant is None and not self.scope.is_everything:
            return None
        path = self.cleaned_data["path"]
        return Choice(
            span=SPANS[self.cleaned_data["span"] or USUAL],
            restaurant=restaurant,
            path=Path(path) if path else None,
        )

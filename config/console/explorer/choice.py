"""What the explorer is asked to show, as it stands in the address."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from django import forms
from django.http import QueryDict

from assignments.models import Phase
from bookings.models import Restaurant
from observability.metrics.window import Window, floor, up
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


#: A phase is told in days from this length on, and in minutes below that one.
IN_DAYS, IN_MINUTES = timedelta(days=3), timedelta(hours=3)


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """A span or a phase of the rollout, a restaurant or all, and a path or both."""

    span: Span
    restaurant: Restaurant | None
    path: Path | None
    phase: Phase | None = None

    @property
    def zone(self) -> tzinfo:
        """The restaurant's own, but UTC for all together and for days, which are UTC days in the rollups."""
        if self.restaurant is None or not self.span.step % timedelta(days=1):
            return UTC
        return self.restaurant.tzinfo

    def say(self, moment: datetime) -> str:
        """A moment in that zone."""
        return f"{moment.astimezone(self.zone):%d %b %H:%M}"

    def window(self, now: datetime) -> Window:
        """Whole steps, the last of which has begun; of a phase those that lie within it."""
        restaurant_id = self.restaurant.pk if self.restaurant else None
        if self.phase is None:
            return Window.lately(now, self.span.length, restaurant_id, step=self.span.step)
        start, end = self.phase.entered_at, self.phase.left_at or now
        if end - start < IN_MINUTES:
            return Window(
                start=start, end=max(end, start + timedelta(microseconds=1)), restaurant_id=restaurant_id
            )
        width = round(self.span.step.total_seconds())
        return Window(
            start=up(start, width),
            end=floor(end, width) if self.phase.left_at else up(end, width),
            restaurant_id=restaurant_id,
        )


class ChoiceForm(forms.Form):
    """The filters. "All restaurants" is for those only who work for every one."""

    span = forms.ChoiceField(
        label="Time", choices=[(key, f"Last {span.label}") for key, span in SPANS.items()], required=False
    )
    restaurant = forms.ModelChoiceField(Restaurant.objects.none(), required=False)
    path = forms.ChoiceField(label="Path", choices=list(PATHS.items()), required=False)
    phase = forms.ModelChoiceField(
        Phase.objects.order_by("-number"), to_field_name="number", empty_label="Not by phase", required=False
    )

    def __init__(self, asked: QueryDict, *, scope: Scope, may_see_phases: bool) -> None:
        super().__init__({"span": USUAL, **asked.dict()})
        self.scope = scope
        if not may_see_phases:
            del self.fields["phase"]
        restaurants = scope.narrow(Restaurant.objects.order_by("name"), "pk")
        field = self.fields["restaurant"]
        field.queryset = restaurants  # type: ignore[attr-defined]
        field.empty_label = "All restaurants" if scope.is_everything else "Choose a restaurant"  # type: ignore[attr-defined]
        for field in self.fields.values():
            field.widget.attrs["class"] = "in"

    def choice(self, now: datetime) -> Choice | None:
        """What to show; None where a filter names what there is not, or nothing of this person's."""
        if not self.is_valid():
            return None
        restaurant = self.cleaned_data["restaurant"]
        if restaurant is None and not self.scope.is_everything:
            return None
        path, phase = self.cleaned_data["path"], self.cleaned_data.get("phase")
        return Choice(
            span=span_of(phase, now) if phase else SPANS[self.cleaned_data["span"] or USUAL],
            restaurant=restaurant,
            path=Path(path) if path else None,
            phase=phase,
        )


def span_of(phase: Phase, now: datetime) -> Span:
    """How long a phase lasts, and the steps it is drawn in."""
    length = (phase.left_at or now) - phase.entered_at
    if length >= IN_DAYS:
        return Span(label=str(phase), length=length, step=timedelta(days=1), shown="%d %b")
    step = timedelta(hours=1) if length >= IN_MINUTES else timedelta(minutes=5)
    return Span(label=str(phase), length=length, step=step)

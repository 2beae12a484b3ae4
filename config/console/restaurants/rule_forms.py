"""Forms of the calendar: services, turn times, pacing, closures."""

from datetime import time
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError

from bookings.models import Closure, PacingLimit, ServicePeriod, TurnTime
from config.console.restaurants.plan_form import PlanForm

#: A service that goes past midnight ends by then; one that "ends" later was meant to end before.
NIGHT_ENDS = time(12, 0)

_SPANS = (5, 10, 15, 20, 30, 60)


class ServiceForm(PlanForm):
    class Meta:
        model = ServicePeriod
        fields = ("name", "weekday", "opens", "closes", "last_seating")
        widgets: ClassVar = {
            name: forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
            for name in ("opens", "closes", "last_seating")
        }
        help_texts: ClassVar = {"closes": "Guests have left by then; before opening: after midnight."}

    def clean(self) -> dict[str, Any]:
        super().clean()
        opens, closes = self.cleaned_data.get("opens"), self.cleaned_data.get("closes")
        if opens is None or closes is None:
            return self.cleaned_data
        if NIGHT_ENDS < closes <= opens:
            self.add_error(
                "closes",
                f"{closes:%H:%M} is before it opens at {opens:%H:%M}; "
                f"a service past midnight ends by {NIGHT_ENDS:%H:%M}.",
            )
        last = self.cleaned_data.get("last_seating")
        if last is not None and not _within(last, opens, closes):
            self.add_error("last_seating", f"{last:%H:%M} is not between {opens:%H:%M} and {closes:%H:%M}.")
        return self.cleaned_data


def _within(last: time, opens: time, closes: time) -> bool:
    return opens <= last <= closes if opens < closes else last >= opens or last <= closes


class TurnTimeForm(PlanForm):
    class Meta:
        model = TurnTime
        fields = ("service_name", "min_party", "max_party", "minutes")
        labels: ClassVar = {
            "service_name": "Service", "min_party": "From party of", "max_party": "To party of",
            "minutes": "Minutes at the table",
        }  # fmt: skip
        help_texts: ClassVar = {"service_name": ""}

    def prepare(self) -> None:
        periods = ServicePeriod.objects.filter(restaurant=self.restaurant).order_by("name")
        names = list(dict.fromkeys(periods.values_list("name", flat=True)))
        own = self.instance.service_name
        known = names if own in ("", *names) else [*names, own]
        self.fields["service_name"] = forms.ChoiceField(
            choices=[("", "Every service"), *((name, name) for name in known)],
            required=False,
            label="Service",
            widget=forms.Select(attrs={"class": "in"}),
        )
        self.fields["minutes"].widget.attrs.update(min=15, max=720, step=5)

    def clean(self) -> dict[str, Any]:
        super().clean()
        if self.cleaned_data.get("min_party") == 0:
            self.add_error("min_party", "A party has at least 1 guest.")
        self.refuse_order("min_party", "max_party", "{1} is less than {0}; the band ends before it begins.")
        minutes = self.cleaned_data.get("minutes")
        if minutes is not None and not 15 <= minutes <= 720:
            self.add_error("minutes", f"{minutes} min is not between 15 and 720.")
        return self.cleaned_data


class PacingForm(PlanForm):
    interval_minutes = forms.TypedChoiceField(
        choices=[(span, f"{span} min") for span in _SPANS], coerce=int, label="In each interval of"
    )

    class Meta:
        model = PacingLimit
        fields = ("max_covers", "interval_minutes")
        labels: ClassVar = {"max_covers": "Most guests that arrive"}

    def validate_unique(self) -> None:
        """A restaurant has one; the form has no field for Django to say so at."""
        if PacingLimit.objects.filter(restaurant=self.restaurant).exclude(pk=self.instance.pk).exists():
            self.add_error(None, "There is a limit already; edit that one.")

    def clean_max_covers(self) -> int:
        covers = int(self.cleaned_data["max_covers"])
        if covers < 1:
            raise ValidationError("At least 1; without a limit, remove it.")
        return covers


class ClosureForm(PlanForm):
    class Meta:
        model = Closure
        fields = ("starts_on", "ends_on", "reason")
        labels: ClassVar = {"starts_on": "First day", "ends_on": "Last day"}
        widgets: ClassVar = {
            name: forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
            for name in ("starts_on", "ends_on")
        }

    def clean(self) -> dict[str, Any]:
        super().clean()
        self.refuse_order("starts_on", "ends_on", "{1} is before the first day, {0}.")
        return self.cleaned_data

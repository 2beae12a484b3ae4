"""Forms of an import: the file, and what is in it."""

from typing import Any
from zoneinfo import available_timezones

from django import forms

from bookings.imports.mapping import FIELDS
from bookings.models import ImportRun, Restaurant

IGNORED = ""


class UploadForm(forms.Form):
    file = forms.FileField(
        label="CSV file", widget=forms.ClearableFileInput(attrs={"class": "in", "accept": ".csv,text/csv"})
    )


class ChoicesForm(forms.Form):
    """A choice for each column, and the options of the import."""

    restaurant = forms.ModelChoiceField(
        Restaurant.objects.all(),
        required=False,
        empty_label="As the column says",
        widget=forms.Select(attrs={"class": "in"}),
    )
    timezone = forms.ChoiceField(
        required=False, label="Time zone", widget=forms.Select(attrs={"class": "in"})
    )
    as_history = forms.BooleanField(
        required=False, label="Past bookings: keep as history, assign and mail nothing"
    )
    by_staff = forms.BooleanField(
        required=False, label="Take large parties and ignore pacing; people review them"
    )
    create_restaurants = forms.BooleanField(
        required=False, label="Create unknown restaurants from the template"
    )

    def __init__(self, run: ImportRun, data: Any = None) -> None:
        options = ("restaurant", "timezone", "as_history", "by_staff", "create_restaurants")
        super().__init__(data, initial={name: getattr(run, name) for name in options})
        self.run = run
        zones = [(name, name) for name in sorted(available_timezones())]
        self.fields["timezone"].choices = [("", "As the restaurant has it"), *zones]  # type: ignore[attr-defined]
        choices = [(IGNORED, "not imported"), *((field, field.replace("_", " ")) for field in FIELDS)]
        for name, column in self._named():
            self.fields[name] = forms.ChoiceField(
                choices=choices,
                required=False,
                label=column,
                initial=run.mapping.get(column, IGNORED),
                # No label element: a hidden one would widen a page that scrolls its table sideways.
                widget=forms.Select(attrs={"class": "in", "aria-label": f"{column} holds"}),
            )

    def columns(self) -> list[Any]:
        """The fields of the file's columns, in its order; those without a name cannot be mapped."""
        names = {column: name for name, column in self._named()}
        return [self[names[column]] if column in names else None for column in self.run.columns]

    def options(self) -> list[Any]:
        return [self[name] for name in ("as_history", "by_staff", "create_restaurants")]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        chosen = [cleaned[name] for name, _ in self._named() if cleaned.get(name)]
        for name, _ in self._named():
            if cleaned.get(name) and chosen.count(cleaned[name]) > 1:
                self.add_error(name, "Two columns hold this; choose one.")
        return cleaned

    def chosen(self) -> dict[str, object]:
        """The options as the import keeps them."""
        names = ("restaurant", "timezone", "as_history", "by_staff", "create_restaurants")
        mapping = {column: self.cleaned_data[name] for name, column in self._named()}
        return {
            "mapping": {column: field for column, field in mapping.items() if field},
            **{name: self.cleaned_data[name] for name in names},
        }

    def _named(self) -> list[tuple[str, str]]:
        return [(f"column_{place}", column) for place, column in enumerate(self.run.columns) if column]

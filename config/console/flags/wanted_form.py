"""A change of flags as the address or a form tells it."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from assignments.engine.flags import Flag
from assignments.flags.wanted import Action, Wanted
from assignments.models import MAX_SLOTS
from bookings.models import Restaurant

#: How long an override may be set for, in hours.
HOURS = (
    ("", "until it is cleared"),
    ("1", "for 1 hour"),
    ("4", "for 4 hours"),
    ("24", "for 24 hours"),
    ("72", "for 3 days"),
    ("168", "for 7 days"),
)

#: What an override does; "part" goes with a percentage.
SHARES = (("on", "for all"), ("off", "for none"), ("part", "for a part"))

_NEEDED: dict[Action, tuple[str, ...]] = {
    Action.COHORT: ("percentage",),
    Action.SHADOW: ("on",),
    Action.LIMIT: ("limit",),
    Action.OVERRIDE: ("restaurant", "percentage"),
    Action.CLEAR: ("restaurant",),
}


class WantedForm(forms.Form):
    """Fields of all changes; which of them count is said by `do`. After `is_valid` see `wanted`."""

    do = forms.ChoiceField(choices=[(action.value, action.value) for action in Action])
    percentage = forms.DecimalField(min_value=0, max_value=100, decimal_places=2, required=False)
    label = forms.CharField(max_length=60, required=False)
    on = forms.ChoiceField(choices=[("", ""), ("on", "on"), ("off", "off")], required=False)
    limit = forms.IntegerField(min_value=1, max_value=MAX_SLOTS, required=False)
    flag = forms.ChoiceField(choices=[(flag.value, flag.value) for flag in Flag], required=False)
    restaurant = forms.ModelChoiceField(Restaurant.objects.all(), required=False)
    share = forms.ChoiceField(choices=[("", ""), *SHARES], required=False)
    hours = forms.ChoiceField(choices=HOURS, required=False)
    until = forms.DateTimeField(required=False)

    def __init__(self, *args: Any, now: datetime, **options: Any) -> None:
        super().__init__(*args, **options)
        self._now = now
        self.wanted: Wanted | None = None

    def clean(self) -> dict[str, Any]:
        """Read the change; raises ValidationError naming what it lacks."""
        given = super().clean() or {}
        if self.errors:
            return given
        given["percentage"] = _percentage(given)
        action = Action(given["do"])
        for name in _NEEDED.get(action, ()):
            if given[name] in (None, ""):
                raise ValidationError(f"Give a {name}.")
        self.wanted = self._read(action, given)
        return given

    def _read(self, action: Action, given: dict[str, Any]) -> Wanted:
        """Only what the action needs: anything else in the address says nothing."""
        if action in (Action.OVERRIDE, Action.CLEAR):
            is_set = action is Action.OVERRIDE
            return Wanted(
                action=action,
                flag=Flag(given["flag"] or Flag.V3),
                restaurant_id=given["restaurant"].pk,
                percentage=given["percentage"] if is_set else None,
                expires_at=self._expiry(given) if is_set else None,
            )
        return Wanted(
            action=action,
            percentage=given["percentage"] if action is Action.COHORT else None,
            label=given["label"] or None if action is Action.COHORT else None,
            on=given["on"] == "on" if action is Action.SHADOW else None,
            limit=given["limit"] if action is Action.LIMIT else None,
        )

    def _expiry(self, given: dict[str, Any]) -> datetime | None:
        if given["until"] is not None:
            until: datetime = given["until"]
            return until
        if not given["hours"]:
            return None
        return self._now.replace(microsecond=0) + timedelta(hours=int(given["hours"]))


def as_fields(wanted: Wanted) -> dict[str, str]:
    """The change as this form reads it again."""
    fields = {
        "do": wanted.action.value,
        "percentage": "" if wanted.percentage is None else f"{wanted.percentage:.2f}",
        "label": wanted.label or "",
        "on": "" if wanted.on is None else "on" if wanted.on else "off",
        "limit": "" if wanted.limit is None else str(wanted.limit),
        "flag": wanted.flag.value if wanted.restaurant_id else "",
        "restaurant": str(wanted.restaurant_id or ""),
        "until": wanted.expires_at.isoformat() if wanted.expires_at else "",
    }
    return {name: value for name, value in fields.items() if value}


def _percentage(given: dict[str, Any]) -> Decimal | None:
    """As a number, or as the words for all and none of it."""
    named = {"on": Decimal(100), "off": Decimal(0)}.get(given["share"])
    wanted: Decimal | None = given["percentage"] if named is None else named
    return wanted

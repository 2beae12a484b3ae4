"""Times people type: they are on the restaurant's clock."""

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from bookings.calendar import LocalTimeError, resolve_local
from bookings.models import Restaurant

HINT = "On the restaurant's clock, such as 2027-03-05 19:00."


class LocalDateTimeField(forms.DateTimeField):
    """A time on a clock that another field names: naive, or aware if it was typed with an offset."""

    def __init__(self, **options: Any) -> None:
        widget = forms.DateTimeInput(attrs={"class": "vTextField", "placeholder": "2027-03-05 19:00"})
        super().__init__(**{"widget": widget, "help_text": HINT, **options})

    def to_python(self, value: Any) -> datetime | None:
        offset_given = _has_offset(value)
        with timezone.override(UTC):
            moment = super().to_python(value)
        if moment is None or offset_given:
            return moment
        return moment.replace(tzinfo=None)


def _has_offset(value: Any) -> bool:
    if isinstance(value, datetime):
        return value.tzinfo is not None
    try:
        parsed = parse_datetime(str(value).strip())
    except ValueError:
        return False
    return parsed is not None and parsed.tzinfo is not None


def instant(moment: datetime, restaurant: Restaurant) -> datetime:
    """What a LocalDateTimeField gave, in UTC. Raises ValidationError unless the clock shows it once."""
    try:
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
        return resolve_local(moment, restaurant.tzinfo)
    except LocalTimeError as error:
        raise ValidationError(f"{error}.") from error
    except OverflowError:
        raise ValidationError(f"The year {moment.year} is out of range; check the date.") from None

"""Forms of rows that name two things of one restaurant.

The database refuses a mix with composite foreign keys, which are checked at commit: too late to tell
which field is wrong. These forms tell it before.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, TypeVar

from django.db.models import Model
from django.http import HttpRequest

from bookings.models import Restaurant
from observability.admin import RecordAdmin, RecordForm

Row = TypeVar("Row", bound=Model)


def stranger(thing: Any, restaurant: Restaurant) -> str | None:
    """What is wrong with a zone or table that belongs elsewhere; None if it belongs to the restaurant."""
    if thing.restaurant_id == restaurant.pk:
        return None
    return f"{thing} belongs to {thing.restaurant}, not to {restaurant}; choose one of {restaurant}."


class OfRestaurantForm(RecordForm[Any]):
    """The form of a row whose restaurant is shown and no longer asked for."""

    def _get_validation_exclusions(self) -> set[str]:
        """The restaurant takes part in the row's constraints all the same.

        Django skips each constraint that names a field the form leaves out; the database would then
        refuse what the form could have told.
        """
        excluded: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        return excluded - {"restaurant"} if getattr(self.instance, "restaurant_id", None) else excluded


class SameRestaurantForm(OfRestaurantForm):
    """Refuses choices of another restaurant than the row's own."""

    #: Fields whose choice has to belong to the row's restaurant.
    belonging: Sequence[str] = ()

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        restaurant = cleaned.get("restaurant") or getattr(self.instance, "restaurant", None)
        for name in self.belonging:
            thing = cleaned.get(name)
            wrong = stranger(thing, restaurant) if thing and restaurant else None
            if wrong:
                self.add_error(name, wrong)
        return cleaned


class OfRestaurantAdmin(RecordAdmin[Row]):
    """Rows that stay with their restaurant: what else hangs on them could not follow."""

    form = OfRestaurantForm
    restaurant_path = "restaurant"
    list_select_related: ClassVar[Any] = ["restaurant"]
    autocomplete_fields: ClassVar[Any] = ["restaurant"]

    def get_readonly_fields(self, request: HttpRequest, obj: Row | None = None) -> list[Any]:
        fixed = list(super().get_readonly_fields(request, obj))
        return fixed if obj is None else ["restaurant", *fixed]

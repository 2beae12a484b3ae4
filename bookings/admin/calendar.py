"""Calendar in the console: services, closures, turn times, pacing; edited on the restaurant's page too."""

from typing import Any

from django.contrib import admin

from bookings.admin.same_restaurant import OfRestaurantAdmin
from bookings.models import Closure, PacingLimit, Restaurant, ServicePeriod, TurnTime, Zone
from observability.admin import RecordFormSet, RecordInline


class ZoneInline(RecordInline[Zone, Restaurant]):
    model = Zone


class ApartFormSet(RecordFormSet[Any, Restaurant]):
    """Refuses rows of one page that overlap each other; the constraint tells of those saved before."""

    def clean(self) -> None:
        super().clean()
        seen: list[Any] = []
        for form in self.forms:
            if form.cleaned_data.get("DELETE") or not form.has_changed() or form.errors:
                continue
            if any(_overlap(form.instance, other) for other in seen):
                form.add_error(None, "It overlaps another row of this page.")
            seen.append(form.instance)


def _overlap(one: Any, other: Any) -> bool:
    """Whether two services or two turn times claim the same hours or party sizes."""
    (of_one, start, end), (of_other, other_start, other_end) = _claim(one), _claim(other)
    return bool(of_one == of_other and start < other_end and other_start < end)


def _claim(row: Any) -> tuple[Any, int, int]:
    """What only one row may have, from and to: party sizes of a service, or minutes of a weekday."""
    if isinstance(row, TurnTime):
        return row.service_name, row.min_party, row.max_party + 1
    opens, closes = (at.hour * 60 + at.minute for at in (row.opens, row.closes))
    return row.weekday, opens, closes if row.closes > row.opens else closes + 24 * 60


class ServicePeriodInline(RecordInline[ServicePeriod, Restaurant]):
    model = ServicePeriod
    formset = ApartFormSet


class TurnTimeInline(RecordInline[TurnTime, Restaurant]):
    model = TurnTime
    formset = ApartFormSet


class ClosureInline(RecordInline[Closure, Restaurant]):
    model = Closure


class PacingInline(RecordInline[PacingLimit, Restaurant]):
    model = PacingLimit


@admin.register(ServicePeriod)
class ServicePeriodAdmin(OfRestaurantAdmin[ServicePeriod]):
    list_display = ["name", "restaurant", "weekday", "opens", "closes", "last_seating"]
    list_filter = ["weekday", "restaurant"]
    search_fields = ["name", "restaurant__name"]
    ordering = ["restaurant__name", "weekday", "opens"]


@admin.register(Closure)
class ClosureAdmin(OfRestaurantAdmin[Closure]):
    list_display = ["starts_on", "ends_on", "restaurant", "reason"]
    list_filter = ["starts_on", "restaurant"]
    search_fields = ["reason", "restaurant__name"]
    ordering = ["-starts_on"]


@admin.register(TurnTime)
class TurnTimeAdmin(OfRestaurantAdmin[TurnTime]):
    list_display = ["band", "restaurant", "service_name", "minutes"]
    list_filter = ["restaurant"]
    search_fields = ["service_name", "restaurant__name"]
    ordering = ["restaurant__name", "service_name", "min_party"]

    @admin.display(description="Party size", ordering="min_party")
    def band(self, turn: TurnTime) -> str:
        return f"{turn.min_party} to {turn.max_party}"


@admin.register(PacingLimit)
class PacingLimitAdmin(OfRestaurantAdmin[PacingLimit]):
    list_display = ["restaurant", "max_covers", "interval_minutes"]
    search_fields = ["restaurant__name"]
    ordering = ["restaurant__name"]

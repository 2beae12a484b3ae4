"""Restaurants as the flags page lists them: the path in force, where it comes from, and what would change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import django_filters
from django.db.models import QuerySet

from assignments.engine.exposure import Exposure, exposure
from assignments.engine.flags import BUCKETS, RESTAURANT_SALT, Explanation, FlagSet, Source, bucket, explain
from assignments.flags.snapshot import Snapshot
from assignments.models import FlagOverride
from bookings.display.looks import Look
from bookings.models import Restaurant
from config.console.flags.words import percent, utc

PATHS = (
    ("v3", "V3, wholly or in part"),
    ("shadow", "Shadow"),
    ("legacy", "Legacy alone"),
    ("override", "With an override"),
    ("changes", "Changed by the what-if"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class House:
    """A restaurant and how the flags fall for it, now and after what is previewed."""

    pk: int
    name: str
    timezone: str
    now: Exposure
    after: Exposure
    why: Explanation
    has_override: bool

    @property
    def path(self) -> str:
        return "v3" if self.now.decided else "shadow" if self.now.seen else "legacy"

    @property
    def changes(self) -> bool:
        return self.now != self.after


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """`share` and `share_after` are per cent of its bookings that V3 decides."""

    pk: int
    name: str
    city: str
    bucket: str
    look: Look
    because: str
    detail: str
    share: str
    share_after: str
    after: str
    changes: bool
    has_override: bool


class HouseFilters(django_filters.FilterSet):  # type: ignore[misc]
    """What the list can be narrowed by; `houses` tells each restaurant's path."""

    q = django_filters.CharFilter(field_name="name", lookup_expr="icontains", label="Name")
    path = django_filters.ChoiceFilter(choices=PATHS, method="of_path", label="Path", empty_label="Any path")

    class Meta:
        model = Restaurant
        fields: list[str] = []

    def __init__(self, data: Any, *, houses: Sequence[House]) -> None:
        super().__init__(data, queryset=Restaurant.objects.all())
        self._houses = houses
        for field in self.form.fields.values():
            field.widget.attrs["class"] = "in"
        self.form.fields["q"].widget.attrs |= {"type": "search", "placeholder": "Restaurant"}

    def of_path(self, rows: QuerySet[Restaurant], _name: str, path: str) -> QuerySet[Restaurant]:
        return rows.filter(pk__in=[house.pk for house in self._houses if _is_of(house, path)])


def houses(snapshot: Snapshot, after: FlagSet, now: datetime) -> list[House]:
    """Every restaurant, by name (one query); evaluating takes none."""
    flags = snapshot.flags
    overridden = flags.v3.overrides.keys() | flags.shadow.overrides.keys()
    return [
        House(
            pk=pk,
            name=name,
            timezone=timezone,
            now=exposure(flags, pk, now),
            after=exposure(after, pk, now),
            why=explain(flags, restaurant_id=pk, booking_id=None, now=now),
            has_override=pk in overridden,
        )
        for pk, name, timezone in Restaurant.objects.order_by("name", "pk").values_list(
            "pk", "name", "timezone"
        )
    ]


def rows_of(shown: Sequence[House], cohort: str) -> list[Row]:
    """Those of a page (one query, for their overrides); `cohort` is what being in it is called."""
    overrides = FlagOverride.objects.filter(restaurant__in=[house.pk for house in shown])
    by_place: dict[int, dict[str, FlagOverride]] = {}
    for override in overrides:
        by_place.setdefault(override.restaurant_id, {})[override.flag] = override
    return [_row(house, by_place.get(house.pk, {}), cohort) for house in shown]


def _is_of(house: House, path: str) -> bool:
    if path == "override":
        return house.has_override
    return house.changes if path == "changes" else house.path == path


def _row(house: House, overrides: Mapping[str, FlagOverride], cohort: str) -> Row:
    because, override = _because(house, overrides, cohort)
    return Row(
        pk=house.pk,
        name=house.name,
        city=house.timezone.rpartition("/")[2].replace("_", " "),
        bucket=f"{bucket(RESTAURANT_SALT, house.pk) / 100:.2f}",
        look=path_look(house.now, house.why),
        because=because,
        detail=_detail(override),
        share=percent(house.now.decided),
        share_after=percent(house.after.decided),
        after=_after(house),
        changes=house.changes,
        has_override=house.has_override,
    )


def path_look(found: Exposure, why: Explanation) -> Look:
    """The path in force as a chip."""
    if found.decided == BUCKETS:
        return Look(label="V3", icon="check", tone="accent")
    if found.decided:
        return Look(label=f"V3 for {percent(found.decided)}", icon="half", tone="watch")
    if found.seen == BUCKETS:
        return Look(label="Shadow", icon="ring", tone="moving")
    if found.seen:
        return Look(label=f"Shadow for {percent(found.seen)}", icon="ring", tone="moving")
    if why.v3_source is Source.KILL:
        return Look(label="Legacy, stopped", icon="bolt", tone="critical")
    if why.v3_source is Source.OVERRIDE:
        return Look(label="Legacy, forced", icon="x", tone="unknown")
    return Look(label="Legacy", icon="minus", tone="line")


def _because(
    house: House, overrides: Mapping[str, FlagOverride], cohort: str
) -> tuple[str, FlagOverride | None]:
    """What decides its path: the flag of V3 unless that is off, then the one of shadow."""
    by_shadow = not house.now.decided and house.now.seen > 0
    source = house.why.shadow_source if by_shadow else house.why.v3_source
    match source:
        case Source.OVERRIDE:
            return "Override", overrides.get("shadow" if by_shadow else "v3")
        case Source.COHORT:
            return ("Shadow for all" if by_shadow else cohort), None
        case Source.ENVIRONMENT:
            return "Pinned by the environment", None
        case Source.KILL:
            return "Kill switch", None
    return "In no cohort", None


def _detail(override: FlagOverride | None) -> str:
    if override is None:
        return ""
    until = f", to {utc(override.expires_at)}" if override.expires_at else ""
    return f"{override.author}{until}: {override.reason}"


def _after(house: House) -> str:
    if not house.changes:
        return "Override stays" if house.has_override else "No change"
    return f"{_name(house.now)} to {_name(house.after)}"


def _name(found: Exposure) -> str:
    if found.decided:
        return "V3" if found.decided == BUCKETS else f"V3 {percent(found.decided)}"
    if found.seen:
        return "shadow" if found.seen == BUCKETS else f"shadow {percent(found.seen)}"
    return "legacy"

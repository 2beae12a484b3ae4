"""The comparison explorer: figures of a range, and its bookings, newest first."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import django_filters
from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from assignments.engine.compare import Comparison
from assignments.models import ShadowComparison
from bookings.display import show
from bookings.display.looks import Look
from bookings.models import Restaurant
from config.console.comparison.classes import CLASSES
from config.console.comparison.figures import class_rows, counts, tiles, verdict
from config.console.local_time import LocalTime, local_time
from observability.scope import Scope, scope_of

SEE = "assignments.view_shadowcomparison"
PAGE_SIZE = 50

RANGES: Mapping[str, tuple[str, timedelta]] = {
    "1": ("Last 24 hours", timedelta(days=1)),
    "7": ("Last 7 days", timedelta(days=7)),
    "30": ("Last 30 days", timedelta(days=30)),
}
_USUAL = "7"


class ComparisonFilters(django_filters.FilterSet):  # type: ignore[misc]
    """What the explorer can be narrowed by; `kind` narrows the list only, the figures tell all classes."""

    range = django_filters.ChoiceFilter(
        choices=[(key, label) for key, (label, _) in RANGES.items()],
        method="of_range",
        label="Range",
        empty_label=None,
    )
    restaurant = django_filters.ModelChoiceFilter(
        queryset=Restaurant.objects.none(), label="Restaurant", empty_label="All restaurants"
    )
    kind = django_filters.ChoiceFilter(
        choices=[(name.value, told.look.label) for name, told in CLASSES.items()],
        field_name="comparison",
        label="Class",
        empty_label="All classes",
    )

    class Meta:
        model = ShadowComparison
        fields: list[str] = []

    def __init__(self, data: Any, *, scope: Scope, now: datetime) -> None:
        given = data.copy()
        given.setdefault("range", _USUAL)
        super().__init__(given, queryset=scope.narrow(ShadowComparison.objects.all(), "restaurant"))
        self._now = now
        self.filters["restaurant"].queryset = scope.narrow(Restaurant.objects.order_by("name"), "pk")
        for field in self.form.fields.values():
            field.widget.attrs["class"] = "in"

    @property
    def span(self) -> timedelta:
        """The range asked for, or the usual one where the address names none there is."""
        wanted = self.form.cleaned_data.get("range") if self.form.is_valid() else None
        return RANGES[wanted or _USUAL][1]

    @property
    def restaurant_id(self) -> int | None:
        place = self.form.cleaned_data.get("restaurant") if self.form.is_valid() else None
        return place.pk if place else None

    def of_range(
        self, rows: QuerySet[ShadowComparison], _name: str, wanted: str
    ) -> QuerySet[ShadowComparison]:
        return rows.filter(created_at__gte=self._now - RANGES[wanted][1])


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A compared booking; `gain` is how much higher V3's plan scores."""

    pk: int
    reference: str
    party: int
    restaurant: str
    at: LocalTime
    look: Look
    legacy: str
    legacy_score: str
    v3: str
    v3_score: str
    gain: str


@require_safe
@permission_required(SEE, raise_exception=True)
def comparison(request: HttpRequest) -> HttpResponse:
    """The page. The number of queries does not depend on the number of comparisons."""
    now, scope = timezone.now(), scope_of(request)
    filters = ComparisonFilters(request.GET, scope=scope, now=now)
    found = counts(now=now, span=filters.span, scope=scope, restaurant_id=filters.restaurant_id)
    listed = _page(filters.qs, request.GET.get("before", ""))
    context = {
        **admin.site.each_context(request),
        "title": "Comparison",
        "filters": filters,
        "verdict": verdict(found),
        "tiles": tiles(found),
        "classes": class_rows(found),
        "compared": found.compared,
        "eligible": found.eligible,
        "rows": [_row(row) for row in listed[:PAGE_SIZE]],
        "older": listed[PAGE_SIZE - 1].pk if len(listed) > PAGE_SIZE else None,
        "is_first": not request.GET.get("before"),
        "query": _query(request, "before"),
        "query_of_figures": _query(request, "before", "kind"),
    }
    return TemplateResponse(request, "comparison/page.html", context)


def look_of(row: ShadowComparison) -> Look:
    return CLASSES[Comparison(row.comparison)].look


def score(value: float | None) -> str:
    return show.NONE if value is None else f"{value:.3f}"


def with_numbers(rows: QuerySet[ShadowComparison]) -> QuerySet[Any]:
    """The rows with the numbers of their tables, the booking and its restaurant at hand."""
    return rows.select_related("booking", "restaurant").annotate(
        legacy_numbers=show.TableNumbers("legacy_tables"), v3_numbers=show.TableNumbers("v3_tables")
    )


def _page(rows: QuerySet[ShadowComparison], before: str) -> list[Any]:
    """One more than a page, by id: rows are added at the front while somebody reads."""
    if before.isdecimal() and len(before) < 19:
        rows = rows.filter(pk__lt=int(before))
    return list(with_numbers(rows).order_by("-pk")[: PAGE_SIZE + 1])


def _row(row: Any) -> Row:
    has_both = row.legacy_score is not None and row.v3_score is not None
    return Row(
        pk=row.pk,
        reference=row.booking.reference,
        party=row.booking.party_size,
        restaurant=row.restaurant.name,
        at=local_time(row.created_at, row.restaurant),
        look=look_of(row),
        legacy=show.joined(row.legacy_numbers),
        legacy_score=score(row.legacy_score),
        v3=show.joined(row.v3_numbers),
        v3_score=score(row.v3_score),
        gain=f"{row.v3_score - row.legacy_score:+.3f}" if has_both else "",
    )


def _query(request: HttpRequest, *without: str) -> str:
    return urlencode([(name, value) for name, value in request.GET.items() if value and name not in without])

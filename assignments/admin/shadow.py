"""Comparisons of legacy with V3 in the console. Shadow runs write them, people look."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from assignments.models import ShadowComparison
from bookings.admin.history import OfBookingAdmin
from bookings.display import show


@admin.register(ShadowComparison)
class ShadowComparisonAdmin(OfBookingAdmin[ShadowComparison]):
    list_display = ["when", "booking", "restaurant", "comparison", "legacy", "v3", "duration_ms", "detail"]
    list_filter = ["comparison", "noise"]
    list_select_related = ["booking__restaurant", "restaurant"]
    ordering = ["-id"]
    fields = [
        "when", "booking", "restaurant", "comparison", "noise", "detail",
        "legacy", "legacy_reason", "legacy_score",
        "v3", "v3_reason", "v3_moves", "v3_score", "v3_strategy", "v3_rung",
        "duration_ms", "flag_version", "facts",
    ]  # fmt: skip
    readonly_fields = ["when", "legacy", "v3", "facts"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ShadowComparison]:
        rows = super().get_queryset(request)
        return rows.annotate(
            legacy_numbers=show.TableNumbers("legacy_tables"), v3_numbers=show.TableNumbers("v3_tables")
        )

    @admin.display(description="Legacy", ordering="legacy_outcome")
    def legacy(self, row: Any) -> str:
        return _answer(row.get_legacy_outcome_display(), row.legacy_numbers)

    @admin.display(description="V3", ordering="v3_outcome")
    def v3(self, row: Any) -> str:
        return _answer(row.get_v3_outcome_display(), row.v3_numbers)

    @admin.display(description="Facts frozen")
    def facts(self, row: ShadowComparison) -> SafeString | str:
        return show.local_moment(row.facts_at, row.booking.restaurant.tzinfo, seconds=True)


def _answer(outcome: str | None, numbers: list[str]) -> str:
    """An outcome with its tables: confirmed, T1 + T2."""
    if outcome is None:
        return "no answer"
    return f"{outcome}, {show.joined(numbers)}" if numbers else outcome

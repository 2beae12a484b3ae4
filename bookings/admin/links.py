"""How tables stand together, in the console: side by side, and combinations of them with a name."""

# ruff: noqa: ARG002 - Django names the arguments, not every method needs all

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from bookings.admin.same_restaurant import OfRestaurantAdmin, SameRestaurantForm, stranger
from bookings.admin.withdrawn import tell_fates
from bookings.display import show
from bookings.floor_plan_edits import FloorPlanEditError, change_combination, remove_combination, unlink
from bookings.models import Adjacency, Combination, CombinationTable
from observability.admin import RecordForm, RecordInline


class AdjacencyForm(SameRestaurantForm):
    """Takes the two tables in any order; the row holds the lower id first."""

    belonging = ["table_low", "table_high"]

    class Meta:
        labels: ClassVar = {"table_low": "Table", "table_high": "Next to"}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        one, other = cleaned.get("table_low"), cleaned.get("table_high")
        if one and other and one.pk == other.pk:
            self.add_error("table_high", f"{other} cannot stand next to itself; choose another table.")
        elif one and other and one.pk > other.pk:
            cleaned["table_low"], cleaned["table_high"] = other, one
        return cleaned


@admin.register(Adjacency)
class AdjacencyAdmin(OfRestaurantAdmin[Adjacency]):
    form = AdjacencyForm
    list_display = ["pair", "restaurant"]
    list_filter = ["restaurant"]
    list_select_related = ["restaurant", "table_low", "table_high"]
    search_fields = ["table_low__number", "table_high__number", "restaurant__name"]
    ordering = ["restaurant__name", "table_low__number", "table_high__number"]
    autocomplete_fields = ["restaurant", "table_low", "table_high"]

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """A link that a combination needs is named as what keeps it from going."""
        *found, protected = super().get_deleted_objects(objs, request)
        return *found, [*protected, *(why for link in objs if (why := _kept(link)))]

    def delete_model(self, request: HttpRequest, obj: Adjacency) -> None:
        edited = unlink(adjacency_id=obj.pk, now=timezone.now(), actor_id=request.user.pk)
        tell_fates(request, edited.displaced)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Adjacency]) -> None:
        for link in queryset:
            self.delete_model(request, link)

    @admin.display(description="Tables", ordering="table_low__number")
    def pair(self, adjacency: Adjacency) -> str:
        return f"{adjacency.table_low} next to {adjacency.table_high}"


def _kept(link: Adjacency) -> str | None:
    """Why a link cannot go; None if it can."""
    try:
        unlink(adjacency_id=link.pk, now=timezone.now(), dry_run=True)
    except FloorPlanEditError as error:
        return f"{link}: {error.message}"
    return None


class MemberForm(RecordForm[CombinationTable]):
    """A table of the combination on whose page it stands."""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        table, combination = cleaned.get("table"), cleaned.get("combination")
        # The restaurant is unset where the combination's own form is refused.
        if table and combination and combination.restaurant_id:
            self.instance.restaurant_id = combination.restaurant_id
            wrong = stranger(table, combination.restaurant)
            if wrong:
                self.add_error("table", wrong)
        return cleaned


class MemberInline(RecordInline[CombinationTable, Combination]):
    model = CombinationTable
    form = MemberForm
    fields = ["table"]
    autocomplete_fields = ["table"]
    extra = 2
    verbose_name_plural = "tables"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tables are taken out and put in; an input for each one that is in would ask for its name each."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("table", "combination")


@admin.register(Combination)
class CombinationAdmin(OfRestaurantAdmin[Combination]):
    list_display = ["name", "restaurant", "capacity", "members"]
    list_filter = ["restaurant"]
    search_fields = ["name", "restaurant__name"]
    ordering = ["restaurant__name", "name"]
    inlines = [MemberInline]

    def save_model(self, request: HttpRequest, obj: Combination, form: Any, change: bool) -> None:  # noqa: FBT001
        """Bookings that the combination no longer takes are looked after."""
        if change and "capacity" in form.changed_data:
            edited = change_combination(
                combination_id=obj.pk,
                capacity=obj.capacity,
                now=timezone.now(),
                actor_id=request.user.pk,
            )
            tell_fates(request, edited.displaced)
        super().save_model(request, obj, form, change)

    def delete_model(self, request: HttpRequest, obj: Combination) -> None:
        edited = remove_combination(combination_id=obj.pk, now=timezone.now(), actor_id=request.user.pk)
        tell_fates(request, edited.displaced)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Combination]) -> None:
        for combination in queryset:
            self.delete_model(request, combination)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Combination]:
        return super().get_queryset(request).prefetch_related("tables")

    @admin.display(description="Tables")
    def members(self, combination: Combination) -> str:
        return show.joined(table.number for table in combination.tables.all())


class CombinationTableForm(SameRestaurantForm):
    belonging = ["combination", "table"]


@admin.register(CombinationTable)
class CombinationTableAdmin(OfRestaurantAdmin[CombinationTable]):
    form = CombinationTableForm
    list_display = ["table", "combination", "restaurant"]
    list_filter = ["restaurant"]
    list_select_related = ["table", "combination", "restaurant"]
    search_fields = ["combination__name", "table__number", "restaurant__name"]
    ordering = ["restaurant__name", "combination__name", "table__number"]
    autocomplete_fields = ["restaurant", "combination", "table"]

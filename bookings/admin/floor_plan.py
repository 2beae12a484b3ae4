"""Floor plan in the console: restaurants, zones, tables, what is out of service."""

# ruff: noqa: ARG002 - Django names the arguments, not every method needs all

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.utils.safestring import SafeString

from bookings.admin.calendar import (
    ClosureInline,
    PacingInline,
    ServicePeriodInline,
    TurnTimeInline,
    ZoneInline,
)
from bookings.admin.floor_plan_import import import_view, may_import_plans
from bookings.admin.local_time import LocalDateTimeField, instant
from bookings.admin.same_restaurant import OfRestaurantAdmin, SameRestaurantForm
from bookings.admin.withdrawn import tell_fates
from bookings.display import show
from bookings.floor_plan_edits import FloorPlanEditError, TableChange, change_table
from bookings.models import Restaurant, Table, TableAttribute, TableBlock, Zone
from bookings.restaurants import coming_bookings
from bookings.service_time import lift_block
from bookings.withdrawals import deactivate_table, place_block, reactivate_table
from observability.admin import GrowingAdmin, RecordAdmin


@admin.register(Restaurant)
class RestaurantAdmin(RecordAdmin[Restaurant]):
    restaurant_path = "pk"
    list_display = [
        "name", "timezone", "active", "max_party_auto", "max_tables", "max_slack", "buffer_minutes",
        "freeze_minutes",
    ]  # fmt: skip
    list_filter = ["active", "timezone"]
    search_fields = ["name", "slug"]
    ordering = ["name"]
    prepopulated_fields = {"slug": ["name"]}
    inlines = [ZoneInline, ServicePeriodInline, TurnTimeInline, PacingInline, ClosureInline]
    fieldsets = [
        (None, {"fields": ["name", "slug", "timezone", "contact_email", "active"]}),
        ("Seating", {"fields": ["buffer_minutes", "max_slack", "max_tables", "max_party_auto"]}),
        ("Automation", {"fields": ["freeze_minutes", "place_from_review"]}),
    ]

    def save_model(self, request: HttpRequest, obj: Restaurant, form: Any, change: bool) -> None:  # noqa: FBT001
        super().save_model(request, obj, form, change)
        if change and "active" in form.changed_data and not obj.active:
            self._tell_what_goes_on(request, obj)

    def _tell_what_goes_on(self, request: HttpRequest, restaurant: Restaurant) -> None:
        """A house that takes no bookings any more still owes those it took: they are worked on as before."""
        coming = coming_bookings(restaurant=restaurant, now=timezone.now())
        if coming:
            self.message_user(
                request,
                f"{restaurant} takes no new bookings. {coming} that are coming stay and are worked on, those "
                "in review too; cancel what will not take place.",
                messages.WARNING,
            )

    def get_urls(self) -> list[Any]:
        own = path(
            "import/", self.admin_site.admin_view(self._import_view), name="bookings_restaurant_import"
        )
        return [own, *super().get_urls()]

    def _import_view(self, request: HttpRequest) -> HttpResponse:
        return import_view(request, self.admin_site)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        offered = {"import_url": "import/"} if may_import_plans(request) else {}
        return super().changelist_view(request, {**(extra_context or {}), **offered})


@admin.register(Zone)
class ZoneAdmin(OfRestaurantAdmin[Zone]):
    list_display = ["name", "restaurant", "kind", "sort_order"]
    list_filter = ["kind", "restaurant"]
    search_fields = ["name", "restaurant__name"]
    ordering = ["restaurant__name", "sort_order", "name"]


class TableForm(SameRestaurantForm):
    belonging = ["zone"]
    attributes = forms.MultipleChoiceField(
        choices=TableAttribute.choices, required=False, widget=forms.CheckboxSelectMultiple
    )

    def change(self) -> TableChange:
        """What of the table is new, but for whether it is in service."""
        names = [name for name in self.changed_data if name in TableChange.__slots__]
        return TableChange(**{name: self.cleaned_data[name] for name in names})

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.instance.pk and not self.errors:
            try:
                change_table(
                    table_id=self.instance.pk, change=self.change(), now=timezone.now(), dry_run=True
                )
            except FloorPlanEditError as error:
                self.add_error(error.field if error.field in self.fields else None, error.message)
        return cleaned


@admin.register(Table)
class TableAdmin(OfRestaurantAdmin[Table]):
    form = TableForm
    list_display = [
        "number", "restaurant", "zone", "capacity", "party", "movable", "offers", "active",
    ]  # fmt: skip
    list_filter = ["active", "movable", "capacity", "restaurant"]
    list_select_related = ["restaurant", "zone"]
    search_fields = ["number", "restaurant__name", "zone__name"]
    ordering = ["restaurant__name", "number"]
    autocomplete_fields = ["restaurant", "zone"]

    def save_model(self, request: HttpRequest, obj: Table, form: Any, change: bool) -> None:  # noqa: FBT001
        """A table changes, leaves and comes back by its use case, which looks after its bookings."""
        if not change:
            super().save_model(request, obj, form, change)
            return
        now, actor_id = timezone.now(), request.user.pk
        if "active" in form.changed_data:
            self._put(request, obj, now, actor_id)
        if form.change() != TableChange():
            edited = change_table(table_id=obj.pk, change=form.change(), now=now, actor_id=actor_id)
            tell_fates(request, edited.displaced)

    def _put(self, request: HttpRequest, table: Table, now: datetime, actor_id: int | None) -> None:
        if table.active:
            reactivate_table(table_id=table.pk, now=now, actor_id=actor_id)
        else:
            gone = deactivate_table(table_id=table.pk, now=now, actor_id=actor_id)
            tell_fates(request, gone.displaced)

    @admin.display(description="Party alone", ordering="max_party")
    def party(self, table: Table) -> str:
        return f"{table.min_party} to {table.max_party}"

    @admin.display(description="Offers")
    def offers(self, table: Table) -> str:
        return ", ".join(name.replace("_", " ") for name in table.attributes) or show.NONE


class TableBlockForm(SameRestaurantForm):
    """Takes the period on the restaurant's clock."""

    belonging = ["table"]
    start_at = LocalDateTimeField(label="Start")
    end_at = LocalDateTimeField(label="End")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        restaurant = cleaned.get("restaurant")
        for name in ("start_at", "end_at"):
            if restaurant and cleaned.get(name):
                self._resolve(name, restaurant)
        end = self.cleaned_data.get("end_at")
        if end and end.tzinfo is not None and end <= timezone.now():
            self.add_error("end_at", "This time has passed; a block ends in the future.")
        return cleaned

    def _resolve(self, name: str, restaurant: Restaurant) -> None:
        try:
            self.cleaned_data[name] = instant(self.cleaned_data[name], restaurant)
        except forms.ValidationError as error:
            self.add_error(name, error)


@admin.register(TableBlock)
class TableBlockAdmin(OfRestaurantAdmin[TableBlock], GrowingAdmin[TableBlock]):
    """Only the reason can be edited: a block that ends or moves is lifted, which announces free seats."""

    form = TableBlockForm
    list_display = ["table", "restaurant", "start", "end", "reason"]
    list_filter = ["start_at", "restaurant"]
    list_select_related = ["restaurant", "table"]
    search_fields = ["reason", "table__number", "restaurant__name"]
    ordering = ["-start_at"]
    autocomplete_fields = ["restaurant", "table"]

    def get_fields(self, request: HttpRequest, obj: TableBlock | None = None) -> list[Any]:
        period = ["start_at", "end_at"] if obj is None else ["start", "end"]
        return ["restaurant", "table", *period, "reason"]

    def get_readonly_fields(self, request: HttpRequest, obj: TableBlock | None = None) -> list[Any]:
        return [] if obj is None else ["restaurant", "table", "start", "end"]

    @admin.display(description="Start", ordering="start_at")
    def start(self, block: TableBlock) -> SafeString | str:
        return show.local_moment(block.start_at, block.restaurant.tzinfo)

    @admin.display(description="End", ordering="end_at")
    def end(self, block: TableBlock) -> SafeString | str:
        return show.local_moment(block.end_at, block.restaurant.tzinfo)

    def save_model(self, request: HttpRequest, obj: TableBlock, form: Any, change: bool) -> None:  # noqa: FBT001
        if change:
            super().save_model(request, obj, form, change)
            return
        withdrawal = place_block(
            table=obj.table,
            start=obj.start_at,
            end=obj.end_at,
            reason=obj.reason,
            now=timezone.now(),
            actor_id=request.user.pk,
        )
        # The page goes on with the form's own object: its message, its log, its address.
        obj.pk = withdrawal.block.pk if withdrawal.block else None
        tell_fates(request, withdrawal.displaced)

    def delete_model(self, request: HttpRequest, obj: TableBlock) -> None:
        lift_block(block_id=obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[TableBlock]) -> None:
        for block in queryset:
            lift_block(block_id=block.pk)

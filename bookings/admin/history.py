"""History in the console: state changes, moves and allocations. View-only; found by booking reference."""

# ruff: noqa: ARG002 - Django names the arguments, not every method needs all

from typing import Any, ClassVar, TypeVar

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from bookings.display import show
from bookings.models import Allocation, BookingMove, StateChange
from observability.admin import ViewOnlyAdmin

Row = TypeVar("Row", bound=Model)


class OfBookingAdmin(ViewOnlyAdmin[Row]):
    """View-only rows about one booking each."""

    restaurant_path = "booking__restaurant"
    list_select_related: ClassVar[Any] = ["booking__restaurant"]
    search_fields = ["booking__reference"]
    search_help_text = "A booking's reference, such as B-7KQ4M2."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Row]:
        """For pages as for lists: Django ignores `list_select_related` beside a select of the rows' own."""
        return super().get_queryset(request).select_related(*self.list_select_related)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Row], search_term: str
    ) -> tuple[QuerySet[Row], bool]:
        """Compare the whole reference, which an index answers; these tables are too long to scan."""
        term = search_term.strip().upper()
        return (queryset.filter(booking__reference=term) if term else queryset), False

    @admin.display(description="Time")
    def when(self, row: Any) -> SafeString | str:
        return show.local_moment(row.created_at, row.booking.restaurant.tzinfo, seconds=True)


@admin.register(StateChange)
class StateChangeAdmin(OfBookingAdmin[StateChange]):
    list_display = ["when", "booking", "version", "before", "after", "reason", "by"]
    list_filter = ["to_state"]
    list_select_related = ["booking__restaurant", "actor"]
    ordering = ["-id"]
    fields = ["when", "booking", "version", "before", "after", "reason", "by", "metadata"]
    readonly_fields = ["when", "before", "after", "by"]

    @admin.display(description="From")
    def before(self, change: StateChange) -> SafeString | str:
        return show.state_chip(change.from_state) if change.from_state else show.NONE

    @admin.display(description="To")
    def after(self, change: StateChange) -> SafeString | str:
        return show.state_chip(change.to_state)

    @admin.display(description="By")
    def by(self, change: StateChange) -> str:
        return str(change.actor) if change.actor else "automation"


@admin.register(BookingMove)
class BookingMoveAdmin(OfBookingAdmin[BookingMove]):
    list_display = ["when", "booking", "origin", "destination", "cause", "for_booking", "by"]
    list_select_related = ["booking__restaurant", "for_booking", "actor"]
    ordering = ["-id"]
    fields = ["when", "booking", "origin", "destination", "cause", "for_booking", "by"]
    readonly_fields = ["when", "origin", "destination", "by"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[BookingMove]:
        rows = super().get_queryset(request)
        return rows.annotate(
            from_numbers=show.TableNumbers("from_tables"), to_numbers=show.TableNumbers("to_tables")
        )

    @admin.display(description="From")
    def origin(self, move: Any) -> str:
        return show.joined(move.from_numbers)

    @admin.display(description="To")
    def destination(self, move: Any) -> str:
        return show.joined(move.to_numbers)

    @admin.display(description="By")
    def by(self, move: BookingMove) -> str:
        return str(move.actor) if move.actor else "automation"


@admin.register(Allocation)
class AllocationAdmin(OfBookingAdmin[Allocation]):
    list_display = ["booking", "table", "restaurant", "held_from", "held_until", "active"]
    list_filter = ["active"]
    list_select_related = ["booking__restaurant", "table", "restaurant"]
    ordering = ["-id"]
    fields = ["booking", "restaurant", "table", "held_from", "held_until", "active", "when"]
    readonly_fields = ["held_from", "held_until", "when"]

    @admin.display(description="Held from")
    def held_from(self, allocation: Allocation) -> SafeString | str:
        return show.local_moment(allocation.period.lower, allocation.booking.restaurant.tzinfo)

    @admin.display(description="Held until, buffer included")
    def held_until(self, allocation: Allocation) -> SafeString | str:
        return show.local_moment(allocation.period.upper, allocation.booking.restaurant.tzinfo)

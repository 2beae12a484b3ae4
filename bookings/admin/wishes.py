"""Wishes that found no table, in the console: people accept them once there is one, or decline them."""

from collections.abc import Callable

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from bookings import wish_decisions
from bookings.admin.history import OfBookingAdmin
from bookings.changes import ChangeError
from bookings.display import show
from bookings.intake_rules import IntakeError
from bookings.models import ChangeWish
from bookings.seating import NoSeatingError
from bookings.state_machine import StaleBookingError
from bookings.wish_decisions import WishClosedError

_REFUSALS = (ChangeError, IntakeError, NoSeatingError, StaleBookingError, WishClosedError)

#: Most wishes decided at once: each is a transaction of its own, and the page waits for all.
MOST_AT_ONCE = 50


@admin.register(ChangeWish)
class ChangeWishAdmin(OfBookingAdmin[ChangeWish]):
    list_display = ["when", "booking", "restaurant", "party_size", "start", "needs", "reason", "status"]
    list_filter = ["status", "reason"]
    list_select_related = ["booking__restaurant", "zone", "actor"]
    ordering = ["-id"]
    fields = [
        "when",
        "booking",
        "party_size",
        "start",
        "end",
        "needs",
        "reason",
        "status",
        "actor",
        "closed_at",
    ]
    readonly_fields = ["when", "start", "end", "needs"]
    actions = ["accept", "decline"]

    @admin.display(description="Restaurant")
    def restaurant(self, wish: ChangeWish) -> str:
        return wish.booking.restaurant.name

    @admin.display(description="Start", ordering="start_at")
    def start(self, wish: ChangeWish) -> SafeString | str:
        return show.local_moment(wish.start_at, wish.booking.restaurant.tzinfo)

    @admin.display(description="End")
    def end(self, wish: ChangeWish) -> SafeString | str:
        return show.local_moment(wish.end_at, wish.booking.restaurant.tzinfo)

    @admin.display(description="Needs")
    def needs(self, wish: ChangeWish) -> str:
        return show.needs(wish)

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Who may change bookings decides what becomes of them."""
        return request.user.has_perm("bookings.change_booking")

    @admin.action(description="Accept: change the booking if there is a table now", permissions=["decide"])
    def accept(self, request: HttpRequest, queryset: QuerySet[ChangeWish]) -> None:
        self._decide(request, queryset, "Changed as wished", wish_decisions.accept)

    @admin.action(description="Decline: leave the booking as it is", permissions=["decide"])
    def decline(self, request: HttpRequest, queryset: QuerySet[ChangeWish]) -> None:
        self._decide(request, queryset, "Left as it is", wish_decisions.decline)

    def _decide(
        self,
        request: HttpRequest,
        queryset: QuerySet[ChangeWish],
        done: str,
        take: Callable[..., object],
    ) -> None:
        for wish in queryset[:MOST_AT_ONCE]:
            try:
                take(wish_id=wish.pk, now=timezone.now(), actor_id=request.user.pk)
            except _REFUSALS as refusal:
                self.message_user(request, f"{wish.booking.reference}: {refusal}", messages.ERROR)
            else:
                self.message_user(request, f"{done}: {wish.booking.reference}.", messages.SUCCESS)

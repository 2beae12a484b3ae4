"""Records of review in the console: cases, their notes, who looked, and how they ended. The queue is where
people work; these lists are for looking things up.
"""

from django.contrib import admin
from django.utils.safestring import SafeString

from assignments.models import CaseNote, CasePresence, QueueView, Resolution, ReviewCase
from bookings.admin.history import OfBookingAdmin
from bookings.display import show
from observability.admin import ViewOnlyAdmin, utc_moment


@admin.register(ReviewCase)
class ReviewCaseAdmin(OfBookingAdmin[ReviewCase]):
    list_display = ["booking", "restaurant", "opened", "reason", "closed", "closed_to", "closed_by", "owner"]
    list_filter = ["closed_to", "reason"]
    list_select_related = ["booking__restaurant", "closed_by", "owner"]
    ordering = ["-id"]
    fields = [
        "booking", "opened", "reason", "closed", "closed_to", "closed_by", "owner", "claimed_until",
        "snoozed_until", "snooze_reason", "fixes_at",
    ]  # fmt: skip
    readonly_fields = ["opened", "closed"]

    @admin.display(description="Restaurant")
    def restaurant(self, case: ReviewCase) -> str:
        return case.booking.restaurant.name

    @admin.display(description="Opened", ordering="opened_at")
    def opened(self, case: ReviewCase) -> SafeString | str:
        return show.local_moment(case.opened_at, case.booking.restaurant.tzinfo, seconds=True)

    @admin.display(description="Closed", ordering="closed_at")
    def closed(self, case: ReviewCase) -> SafeString | str:
        if case.closed_at is None:
            return show.NONE
        return show.local_moment(case.closed_at, case.booking.restaurant.tzinfo, seconds=True)


@admin.register(Resolution)
class ResolutionAdmin(ViewOnlyAdmin[Resolution]):
    restaurant_path = "case__booking__restaurant"
    list_display = ["case", "when", "actor", "kind", "fix", "rank", "sentence", "undone_at"]
    list_filter = ["kind", "fix"]
    list_select_related = ["case__booking", "actor"]
    search_fields = ["case__booking__reference"]
    ordering = ["-id"]
    fields = [
        "case", "when", "actor", "kind", "fix", "rank", "sentence", "override_reason", "version", "before",
        "moves", "undone_at",
    ]  # fmt: skip
    readonly_fields = ["when"]

    @admin.display(description="Time", ordering="created_at")
    def when(self, resolution: Resolution) -> SafeString | str:
        return utc_moment(resolution.created_at)


@admin.register(CaseNote)
class CaseNoteAdmin(ViewOnlyAdmin[CaseNote]):
    restaurant_path = "case__booking__restaurant"
    list_display = ["case", "author", "created_at"]
    list_select_related = ["case__booking", "author"]
    search_fields = ["case__booking__reference"]
    ordering = ["-id"]
    fields = ["case", "author", "text", "created_at"]


@admin.register(CasePresence)
class CasePresenceAdmin(ViewOnlyAdmin[CasePresence]):
    restaurant_path = "case__booking__restaurant"
    list_display = ["case", "user", "since", "seen_at"]
    list_select_related = ["case__booking", "user"]
    search_fields = ["case__booking__reference"]
    ordering = ["-id"]


@admin.register(QueueView)
class QueueViewAdmin(ViewOnlyAdmin[QueueView]):
    list_display = ["name", "owner", "query"]
    list_select_related = ["owner"]
    search_fields = ["name"]
    ordering = ["name"]

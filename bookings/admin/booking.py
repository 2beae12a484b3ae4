"""Bookings in the console: taken in by the intake, edited as far as they are the guest's, never deleted."""

# ruff: noqa: ARG002 - Django names the arguments, not every method needs all

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from bookings import changes
from bookings.admin import booking_sections, steps
from bookings.admin.booking_export import EXPORTED
from bookings.admin.booking_forms import GuestForm, IntakeForm, changes_of
from bookings.admin.sections import sections_of
from bookings.admin.start_filter import StartsFilter
from bookings.admin.steps import Step
from bookings.change_request import BookingChange
from bookings.change_rules import GUEST_FIELDS
from bookings.changes import is_open
from bookings.display import show
from bookings.models import Allocation, Booking
from observability.admin import GrowingAdmin
from observability.exports import CsvExport
from observability.scope import scope_of

__all__ = ["BookingAdmin", "booking_sections"]


@admin.register(Booking)
class BookingAdmin(CsvExport, GrowingAdmin[Booking]):
    restaurant_path = "restaurant"
    export_columns = EXPORTED
    change_form_template = "bookings/booking_change_form.html"
    list_display = [
        "reference", "begins", "restaurant", "party", "guest", "state", "seated_at", "needs",
        "booking_status",
    ]  # fmt: skip
    list_display_links = ["reference"]
    list_filter = ["assignment_state", "status", StartsFilter, "locked", "restaurant"]
    list_select_related = ["restaurant", "zone"]
    search_fields = ["reference", "guest_name", "guest_email", "guest_phone"]
    search_help_text = "Reference, or part of the guest's name, e-mail or phone number."
    ordering = ["-created_at"]
    autocomplete_fields = ["restaurant", "zone"]
    actions = ["cancel_bookings", "check_in", "complete", "mark_no_show"]

    intake_fieldsets = [
        (None, {"fields": ["restaurant", "party_size", "start", "end", "zone", "requires", "form_id"]}),
        ("Guest", {"fields": ["guest_name", "guest_email", "guest_phone", "notes"]}),
    ]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    ("reference", "restaurant"), ("start", "end"), ("party_size", "needs"),
                    ("state", "booking_status", "tables"), "locked",
                ]
            },
        ),
        ("Guest", {"fields": [("guest_name", "guest_email", "guest_phone"), "notes"]}),
        (
            "Assignment",
            {
                "fields": [
                    ("assignment_strategy", "attempts", "next_attempt"),
                    ("assignment_path", "assignment_flag_version", "assignment_state_version"),
                    ("channel", "created", "updated"),
                ],
            },
        ),
    ]  # fmt: skip
    shown = (
        "reference", "restaurant", "party_size", "start", "end", "needs", "state", "booking_status", "tables",
        "assignment_state_version", "assignment_strategy", "attempts", "next_attempt", "assignment_path",
        "assignment_flag_version", "channel", "created", "updated",
    )  # fmt: skip

    # Which rows and who may do what

    def get_queryset(self, request: HttpRequest) -> QuerySet[Booking]:
        held = Allocation.objects.filter(active=True).select_related("table").order_by("table__number")
        rows = super().get_queryset(request).select_related("restaurant", "zone")
        return rows.prefetch_related(Prefetch("allocations", queryset=held, to_attr="held"))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Booking], search_term: str
    ) -> tuple[QuerySet[Booking], bool]:
        """A reference is looked up by its index; anything else is searched in the guests' data."""
        found = queryset.filter(reference=search_term.strip().upper())
        if search_term.strip() and found.exists():
            return found, False
        return super().get_search_results(request, queryset, search_term)

    def has_delete_permission(self, request: HttpRequest, obj: Booking | None = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        allowed = request.user.has_perm("bookings.import_booking") and scope_of(request).is_everything
        offered = {"import_url": reverse("admin:bookings_importrun_new")} if allowed else {}
        return super().changelist_view(request, {**(extra_context or {}), **offered})

    # Columns

    @admin.display(description="Start", ordering="start_at")
    def begins(self, booking: Booking) -> SafeString | str:
        year = timezone.now().year
        return show.local_moment(booking.start_at, booking.restaurant.tzinfo, this_year=year)

    @admin.display(description="Party", ordering="party_size")
    def party(self, booking: Booking) -> int:
        return booking.party_size

    @admin.display(description="Guest", ordering="guest_name")
    def guest(self, booking: Booking) -> str:
        return booking.guest_name

    @admin.display(description="Tables")
    def seated_at(self, booking: Any) -> str:
        return f"{self.tables(booking)}, pinned" if booking.locked else self.tables(booking)

    @admin.display(description="Start", ordering="start_at")
    def start(self, booking: Booking) -> SafeString | str:
        return show.local_moment(booking.start_at, booking.restaurant.tzinfo)

    @admin.display(description="End")
    def end(self, booking: Booking) -> SafeString | str:
        return show.local_moment(booking.end_at, booking.restaurant.tzinfo)

    @admin.display(description="Assignment", ordering="assignment_state")
    def state(self, booking: Booking) -> SafeString | str:
        return show.state_chip(booking.assignment_state)

    @admin.display(description="Status", ordering="status")
    def booking_status(self, booking: Booking) -> SafeString:
        return show.status_chip(booking.status)

    @admin.display(description="Tables")
    def tables(self, booking: Any) -> str:
        return show.joined(allocation.table.number for allocation in booking.held)

    @admin.display(description="Needs")
    def needs(self, booking: Booking) -> str:
        return show.needs(booking)

    @admin.display(description="Attempts", ordering="assignment_attempts")
    def attempts(self, booking: Booking) -> int:
        return booking.assignment_attempts

    @admin.display(description="Next attempt")
    def next_attempt(self, booking: Booking) -> SafeString | str:
        return show.local_moment(booking.next_attempt_at, booking.restaurant.tzinfo, seconds=True)

    @admin.display(description="Received")
    def created(self, booking: Booking) -> SafeString | str:
        return show.local_moment(booking.created_at, booking.restaurant.tzinfo, seconds=True)

    @admin.display(description="Last change")
    def updated(self, booking: Booking) -> SafeString | str:
        return show.local_moment(booking.updated_at, booking.restaurant.tzinfo, seconds=True)

    # Pages

    def get_fieldsets(self, request: HttpRequest, obj: Booking | None = None) -> Any:
        return self.intake_fieldsets if obj is None else self.fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: Booking | None = None) -> tuple[str, ...]:
        return () if obj is None else self.shown

    def get_form(
        self,
        request: HttpRequest,
        obj: Booking | None = None,
        change: bool = False,  # noqa: FBT001, FBT002 - Django's signature
        **options: Any,
    ) -> Any:
        own = {"form": GuestForm if change else IntakeForm}
        return super().get_form(request, obj, change, **{**own, **options})

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        booking = context.get("original")
        extra = {"sections": sections_of(booking)} if booking else {}
        return super().render_change_form(request, {**context, **extra}, *args, **options)

    def save_model(self, request: HttpRequest, obj: Booking, form: Any, change: bool) -> None:  # noqa: FBT001
        """Write the edited columns only: workers write the others meanwhile. A new one is saved by now.

        Guest data of a booking that stands goes by its use case: a new address has to be told.
        """
        edited = changes_of(form) if change else []
        if edited and is_open(obj):
            guest = {name: form.cleaned_data[name] for name in edited if name in GUEST_FIELDS}
            changes.change(
                booking_id=obj.pk,
                wish=BookingChange(**guest),
                now=timezone.now(),
                actor_id=request.user.pk,
            )
            edited = [name for name in edited if name not in GUEST_FIELDS]
        if edited:
            obj.updated_at = timezone.now()
            obj.save(update_fields=[*edited, "updated_at"])

    # Steps

    @admin.action(description="Check in", permissions=["change"])
    def check_in(self, request: HttpRequest, queryset: QuerySet[Booking]) -> None:
        self._take(steps.CHECK_IN, request, queryset)

    @admin.action(description="Complete: the party has left", permissions=["change"])
    def complete(self, request: HttpRequest, queryset: QuerySet[Booking]) -> None:
        self._take(steps.COMPLETE, request, queryset)

    @admin.action(description="Mark as no-show", permissions=["change"])
    def mark_no_show(self, request: HttpRequest, queryset: QuerySet[Booking]) -> None:
        self._take(steps.NO_SHOW, request, queryset)

    @admin.action(description="Cancel …", permissions=["change"])
    def cancel_bookings(self, request: HttpRequest, queryset: QuerySet[Booking]) -> HttpResponse | None:
        """Ask first: a cancellation releases the tables and cannot be taken back."""
        if request.POST.get("sure"):
            self._take(steps.CANCEL, request, queryset)
            return None
        chosen = self._chosen(request, queryset)
        context = {
            **self.admin_site.each_context(request),
            "title": "Cancel these bookings?",
            "opts": self.opts,
            "rows": [self._in_question(booking) for booking in chosen],
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "bookings/cancel_bookings.html", context) if chosen else None

    def _in_question(self, booking: Booking) -> dict[str, Any]:
        return {
            "pk": booking.pk,
            "reference": booking.reference,
            "start": self.start(booking),
            "restaurant": booking.restaurant.name,
            "guest": booking.guest_name,
            "party_size": booking.party_size,
            "tables": self.tables(booking),
            "status": self.booking_status(booking),
        }

    def _take(self, step: Step, request: HttpRequest, queryset: QuerySet[Booking]) -> None:
        outcomes = [steps.take(step, booking, request.user.pk) for booking in self._chosen(request, queryset)]
        for outcome in outcomes:
            if outcome.refusal:
                self.message_user(request, f"{outcome.refusal}.", messages.ERROR)
            else:
                self.log_change(request, outcome.booking, f"{step.done.capitalize()}.")
        done = [outcome.booking.reference for outcome in outcomes if not outcome.refusal]
        if done:
            self.message_user(request, f"{step.done.capitalize()}: {', '.join(done)}.", messages.SUCCESS)

    def _chosen(self, request: HttpRequest, queryset: QuerySet[Booking]) -> list[Booking]:
        """The chosen bookings; none, with a message, if they are too many for one request."""
        chosen = list(queryset[: steps.MOST_AT_ONCE + 1])
        if len(chosen) <= steps.MOST_AT_ONCE:
            return chosen
        self.message_user(
            request,
            f"More than {steps.MOST_AT_ONCE} bookings at once; choose fewer. Nothing was done.",
            messages.ERROR,
        )
        return []

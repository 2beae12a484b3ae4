"""Records in the console: what may only be looked at, what is never counted, and the events.

The floors above build their pages on the classes here.
"""

# ruff: noqa: ARG002 - Django names the arguments, not every method needs all

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from django import forms
from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db import IntegrityError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString

from observability.models import Alert, AlertChange, AlertNotice, Event, RuleStanding, ServiceTiming
from observability.record_choices import ChoosesRecords, seen_by
from observability.scope import scope_of

Row = TypeVar("Row", bound=Model)
Parent = TypeVar("Parent", bound=Model)
FormOfRow = TypeVar("FormOfRow")

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin
    _Tabular = admin.TabularInline
    _Form = forms.ModelForm
    _FormSet = forms.BaseInlineFormSet
    _Paginator = Paginator[Any]
else:
    # Django's own classes take no type arguments at run time.
    class _Admin(admin.ModelAdmin, Generic[Row]):
        pass

    class _Tabular(admin.TabularInline, Generic[Row, Parent]):
        pass

    class _Form(forms.ModelForm, Generic[Row]):
        pass

    class _FormSet(forms.BaseInlineFormSet, Generic[Row, Parent, FormOfRow]):
        pass

    _Paginator = Paginator


class RecordForm(_Form[Row]):
    """A form of a record."""


class RecordFormSet(_FormSet[Row, Parent, Any]):
    """The forms of the rows on the page of the record they belong to."""


class ScopedChoicesFilter(admin.RelatedFieldListFilter):
    """Choices of another record, of those only that its own list would show this person."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        rows = seen_by(request, field.remote_field.model, model_admin.admin_site)
        return [(str(row.pk), str(row)) for row in rows]


class RecordAdmin(ChoosesRecords, _Admin[Row]):
    """Any record's pages: no count of the whole table, so that a list costs the same at any size.

    `restaurant_path` is the lookup that leads from a row to its restaurant. People see the rows of their
    own restaurants; rows without a path are seen by those only who work for every one.
    """

    show_full_result_count = False
    list_per_page = 50
    restaurant_path: ClassVar[str | None] = None
    #: Columns that no page shows and no address may narrow by: whoever counts rows could guess them.
    kept_apart: ClassVar[frozenset[str]] = frozenset()

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        allowed = super().lookup_allowed(lookup, value, request)
        return allowed and lookup.partition("__")[0] not in self.kept_apart

    def get_queryset(self, request: HttpRequest) -> QuerySet[Row]:
        return scope_of(request).narrow(super().get_queryset(request), self.restaurant_path)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Who works for some restaurants adds rows to those, and no restaurant."""
        belongs = self.restaurant_path not in (None, "pk")
        return super().has_add_permission(request) and (belongs or scope_of(request).is_everything)

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        return [
            (spec, ScopedChoicesFilter) if isinstance(spec, str) and self._is_relation(spec) else spec
            for spec in super().get_list_filter(request)
        ]

    def _is_relation(self, name: str) -> bool:
        return "__" not in name and self.opts.get_field(name).many_to_one is True

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Tell of a refusal by the database that no form foresaw: somebody else's change came first."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except IntegrityError as refusal:
            return self._refused(request, refusal)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """The same for a deletion: what hangs on the record may come between the check and the commit."""
        try:
            return super().delete_view(request, object_id, extra_context)
        except IntegrityError as refusal:
            return self._refused(request, refusal)

    def _refused(self, request: HttpRequest, refusal: IntegrityError) -> HttpResponseRedirect:
        self.message_user(
            request,
            "Nothing was saved: it contradicts what somebody else saved meanwhile "
            f"(rule {_constraint(refusal)}). Look at it again and repeat your change.",
            messages.ERROR,
        )
        return HttpResponseRedirect(request.get_full_path())


def _constraint(refusal: IntegrityError) -> str:
    """The name of the broken constraint; the rest of the message may quote a guest's data."""
    diagnosis = getattr(refusal.__cause__, "diag", None)
    return getattr(diagnosis, "constraint_name", None) or "unknown"


class RecordInline(ChoosesRecords, _Tabular[Row, Parent]):
    """Rows edited on the page of the record they belong to."""

    extra = 0
    show_change_link = False


class BoundedPaginator(_Paginator):
    """Pages through the first MOST rows and counts no further: counting all of a large table is slow.

    Who looks for something older narrows the list by search or filter.
    """

    MOST = 5_000

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        if isinstance(rows, QuerySet):
            return rows.order_by()[: self.MOST].count()
        return len(rows)


class GrowingAdmin(RecordAdmin[Row]):
    """Pages of a table that grows without end."""

    paginator = BoundedPaginator
    # "Show all" would be the first rows only, and counts beside filters read everything.
    list_max_show_all = 0
    show_facets = admin.ShowFacets.NEVER


class ViewOnlyAdmin(GrowingAdmin[Row]):
    """Pages of records that people look at and never edit: history, and what only workers write."""

    actions: Any = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return False


def utc_moment(moment: datetime | None) -> SafeString | str:
    """An instant that belongs to no restaurant, in UTC to the second."""
    if moment is None:
        return "–"  # noqa: RUF001
    utc = moment.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{}" class="nowrap">{} UTC</time>',
        utc.isoformat(),
        f"{utc:%Y-%m-%d %H:%M:%S.%f} UTC",
        f"{utc:%d %b %Y %H:%M:%S}",
    )


@admin.register(Event)
class EventAdmin(ViewOnlyAdmin[Event]):
    """One event, and a plain list; the console's own list has the filters and the export."""

    restaurant_path = "restaurant_id"
    list_display = ["when", "source", "event_type", "severity", "restaurant_id", "booking_id"]
    # By id, which has an index in every partition and follows time.
    ordering = ["-id"]
    sortable_by = ()
    search_fields = ["booking_id"]
    search_help_text = "Number of a booking (its reference is searched in bookings)."
    fields = ["when", "source", "event_type", "severity", "restaurant_id", "booking_id", "context"]
    readonly_fields = ["when"]

    @admin.display(description="Time")
    def when(self, event: Event) -> SafeString | str:
        return utc_moment(event.created_at)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Event], search_term: str
    ) -> tuple[QuerySet[Event], bool]:
        """Compare the number itself: the stock search compares it as text, which no index answers."""
        term = search_term.strip()
        if not term:
            return queryset, False
        found = queryset.filter(booking_id=int(term)) if term.isdecimal() else queryset.none()
        return found, False


@admin.register(RuleStanding)
class RuleStandingAdmin(ViewOnlyAdmin[RuleStanding]):
    list_display = ["rule", "state", "since", "value", "detail", "evaluated_at"]
    ordering = ["rule"]


@admin.register(ServiceTiming)
class ServiceTimingAdmin(ViewOnlyAdmin[ServiceTiming]):
    list_display = ["kind", "minute", "bin", "count"]
    list_filter = ["kind"]
    ordering = ["-minute", "kind", "bin"]


@admin.register(Alert)
class AlertAdmin(ViewOnlyAdmin[Alert]):
    list_display = ["rule", "priority", "state", "fired_at", "resolved_at", "value", "threshold"]
    list_filter = ["state", "priority"]
    ordering = ["-fired_at"]


@admin.register(AlertChange)
class AlertChangeAdmin(ViewOnlyAdmin[AlertChange]):
    list_display = ["alert", "to_state", "value", "actor", "created_at"]
    list_select_related = ["alert", "actor"]
    ordering = ["-pk"]


@admin.register(AlertNotice)
class AlertNoticeAdmin(ViewOnlyAdmin[AlertNotice]):
    list_display = ["change", "channel", "status", "attempts", "created_at", "sent_at", "last_error"]
    list_select_related = ["change"]
    list_filter = ["status", "channel"]
    ordering = ["-pk"]

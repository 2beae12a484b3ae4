"""The queue page: the most pressing case first, with its best fix."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode

from django import forms
from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import User
from django.core.paginator import Page, Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from assignments.engine.reasons import SENTENCES
from assignments.models import QueueView, ReviewCase
from assignments.review.queue import Filters, View, counts, open_cases, resolved_since, shown
from bookings.models import Restaurant
from config.console.review.rights import BULK, SEE, SHARE, WORK, person
from config.console.review.rows import in_words, rows_of
from config.console.review.toast import toast
from config.console.review.wishes_page import SEE as SEE_WISHES
from config.console.review.wishes_page import open_wishes
from observability.scope import Scope, scope_of

PAGE_SIZE = 50

#: Label and tone of the badge of each view.
VIEWS: tuple[tuple[View, str, str], ...] = (
    ("open", "All open", ""),
    ("call", "Call the guest", "critical"),
    ("unclaimed", "Unclaimed", ""),
    ("mine", "Mine", ""),
    ("snoozed", "Snoozed", ""),
)


class FilterForm(forms.Form):
    """The filters, as they stand in the address."""

    view = forms.ChoiceField(
        choices=[(view, label) for view, label, _ in VIEWS], required=False, widget=forms.HiddenInput
    )
    q = forms.CharField(
        max_length=16,
        required=False,
        label="Reference",
        widget=forms.TextInput({"type": "search", "placeholder": "Reference"}),
    )
    restaurant = forms.ModelChoiceField(
        Restaurant.objects.none(), required=False, empty_label="All restaurants"
    )
    reason = forms.ChoiceField(
        choices=[
            ("", "Any reason"),
            *((code.value, code.value.replace("_", " ").capitalize()) for code in SENTENCES),
        ],
        required=False,
    )
    party = forms.TypedChoiceField(
        choices=[("", "Any size"), ("3", "3 and more"), ("5", "5 and more"), ("9", "9 and more")],
        required=False,
        coerce=int,
        empty_value=None,
        label="Party",
    )
    within = forms.TypedChoiceField(
        choices=[("", "Any time"), ("1", "Seats in 1 h"), ("3", "Seats in 3 h"), ("24", "Seats in 24 h")],
        required=False,
        coerce=int,
        empty_value=None,
        label="Seating",
    )

    def __init__(self, *args: object, scope: Scope, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        restaurants = scope.narrow(Restaurant.objects.order_by("name"), "pk")
        self.fields["restaurant"].queryset = restaurants  # type: ignore[attr-defined]
        for field in self.fields.values():
            field.widget.attrs["class"] = "in"

    def filters(self) -> Filters:
        """What the address asks for; what it asks wrongly is left out and told in the form's errors."""
        self.full_clean()
        wanted = self.cleaned_data
        return Filters(
            view=wanted.get("view") or "open",
            reference=wanted.get("q", ""),
            restaurant_id=wanted["restaurant"].pk if wanted.get("restaurant") else None,
            reason=wanted.get("reason", ""),
            smallest_party=wanted.get("party"),
            within=timedelta(hours=wanted["within"]) if wanted.get("within") else None,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Tab:
    """A view in the row of views; `count` None: not counted."""

    label: str
    url: str
    current: bool
    count: int | None = None
    tone: str = ""


@require_safe
@permission_required(SEE, raise_exception=True)
def queue(request: HttpRequest) -> HttpResponse:
    """The queue. The number of queries does not depend on the number of cases."""
    user, scope, now = person(request), scope_of(request), timezone.now()
    form = FilterForm(request.GET, scope=scope)
    filters = form.filters()
    numbers = counts(scope=scope, user=user)
    page = _page(request, filters, numbers)
    rows = open_cases(scope=scope)
    cases: list[ReviewCase] = list(rows.filter(pk__in=list(page.object_list)))
    query, saved = _query(request), _saved_views(user, scope)
    today = resolved_since(now - timedelta(hours=24), scope=scope)
    context = {
        **admin.site.each_context(request),
        "title": "Review queue",
        "form": form,
        "filters": filters,
        "numbers": numbers,
        "oldest": in_words(now - min(case.opened_at for case in cases)) if cases else "",
        "tabs_of_views": [*_views(filters, numbers), *_saved(saved, query)],
        "to_drop": _to_drop(saved, query, user),
        "rows": rows_of(cases, user=user, now=now),
        "page": page,
        "query": query,
        "resolved_today": today.count(),
        "wishes": open_wishes(scope).count() if user.has_perm(SEE_WISHES) else 0,
        "may_work": user.has_perm(WORK),
        "may_bulk": user.has_perm(BULK),
        "toast": toast(request, now=now),
    }
    return TemplateResponse(request, "review/queue.html", context)


def _page(request: HttpRequest, filters: Filters, numbers: Mapping[str, int]) -> Page[int]:
    """The ids of one page, in order: ten thousand are sorted sooner than as many whole cases."""
    rows = shown(open_cases(scope=scope_of(request)), filters, user=person(request))
    pages = Paginator(rows.values_list("pk", flat=True), PAGE_SIZE)
    if filters == Filters(view=filters.view):
        pages.count = numbers[filters.view]  # counted already, for the row of views
    return pages.get_page(request.GET.get("page"))


def _views(filters: Filters, numbers: Mapping[str, int]) -> list[Tab]:
    return [
        Tab(
            label=label,
            url=f"?{urlencode({'view': view})}",
            current=filters.view == view,
            count=numbers[view],
            tone=tone if numbers[view] else "",
        )
        for view, label, tone in VIEWS
    ]


def _saved_views(user: User, scope: Scope) -> list[QueueView]:
    """This person's and everybody's (one query), but for those that single out a house of others."""
    rows = QueueView.objects.filter(Q(owner=user) | Q(owner__isnull=True))
    return [row for row in rows if _is_of_scope(row, scope)]


def _is_of_scope(view: QueueView, scope: Scope) -> bool:
    house = dict(parse_qsl(view.query)).get("restaurant", "")
    return not house.isdecimal() or scope.holds(int(house))


def _saved(rows: Sequence[QueueView], here: str) -> list[Tab]:
    return [
        Tab(
            label=row.name if row.owner_id else f"{row.name}, shared",
            url=f"?{row.query}",
            current=row.query == here,
        )
        for row in rows
    ]


def _to_drop(rows: Sequence[QueueView], here: str, user: User) -> QueueView | None:
    """The saved view that is shown, if this person may drop it: an own one before everybody's."""
    shown_here = [row for row in rows if row.query == here and (row.owner_id or user.has_perm(SHARE))]
    return next(iter(sorted(shown_here, key=lambda row: row.owner_id is None)), None)


def _query(request: HttpRequest) -> str:
    """The filters of the address, in one order, without the page."""
    return urlencode(sorted((name, value) for name, value in request.GET.items() if value and name != "page"))

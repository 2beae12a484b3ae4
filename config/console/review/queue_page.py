"""The queue page: the most pressing case first, with its best fix."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from assignments.engine.reasons import SENTENCES
from assignments.models import QueueView, ReviewCase
from assignments.review.queue import Filters, View, counts, open_cases, resolved_since, shown
from bookings.models import ChangeWish, Restaurant, WishStatus
from config.console.review.rights import BULK, SEE, WORK, person
from config.console.review.rows import in_words, rows_of
from config.console.review.toast import toast
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
    rows = shown(open_cases(scope=scope), filters, user=user)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    cases: list[ReviewCase] = list(page.object_list)
    today = resolved_since(now - timedelta(hours=24), scope=scope)
    context = {
        **admin.site.each_context(request),
        "title": "Review queue",
        "form": form,
        "filters": filters,
        "numbers": numbers,
        "oldest": in_words(now - min(case.opened_at for case in cases)) if cases else "",
        "tabs_of_views": [*_views(filters, numbers), *_saved(request, user)],
        "rows": rows_of(cases, user=user, now=now),
        "page": page,
        "query": _query(request),
        "resolved_today": today.count(),
        "wishes": _wishes(scope),
        "may_work": user.has_perm(WORK),
        "may_bulk": user.has_perm(BULK),
        "toast": toast(request, now=now),
    }
    return TemplateResponse(request, "review/queue.html", context)


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


def _saved(request: HttpRequest, user: User) -> list[Tab]:
    """This person's saved views and everybody's (one query)."""
    rows = QueueView.objects.filter(Q(owner=user) | Q(owner__isnull=True))
    here = _query(request)
    return [
        Tab(
            label=row.name if row.owner_id else f"{row.name}, shared",
            url=f"?{row.query}",
            current=row.query == here,
        )
        for row in rows
    ]


def _query(request: HttpRequest) -> str:
    """The filters of the address, in one order, without the page."""
    return urlencode(sorted((name, value) for name, value in request.GET.items() if value and name != "page"))


def _wishes(scope: Scope) -> int:
    """Changes of confirmed bookings that wait for people."""
    rows = ChangeWish.objects.filter(status=WishStatus.OPEN)
    return scope.narrow(rows, "booking__restaurant").count()

"""The list of restaurants: what each has, which planner decides for it, and how its last week went."""

from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from assignments.models import ReviewCase
from bookings.models import Restaurant, Table
from config.console.restaurants.rights import SEE
from config.console.restaurants.standing import RoutePath, path_of, percent, review_rates
from observability.metrics.rates import Rate
from observability.scope import scope_of

#: Restaurants on one page.
MOST = 50

_NONE = Rate(numerator=0, denominator=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """`restaurant` carries its counts as the query annotated them."""

    restaurant: Restaurant
    path: RoutePath
    review: Rate
    percent: str


@require_safe
@permission_required(SEE, raise_exception=True)
def restaurants(request: HttpRequest) -> HttpResponse:
    """The page. The number of queries does not depend on how many there are."""
    wanted = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    rows = scope_of(request).narrow(Restaurant.objects.all(), "pk")
    found = rows.filter(Q(name__icontains=wanted) | Q(slug__icontains=wanted)) if wanted else rows
    page = Paginator(_counted(found), MOST).get_page(request.GET.get("p"))
    rates = review_rates(timezone.now())
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": "Restaurants",
        "wanted": wanted,
        "page": page,
        "rows": [_row(restaurant, rates.get(restaurant.pk, _NONE)) for restaurant in page],
        "may_add": request.user.has_perm("bookings.add_restaurant") and scope_of(request).is_everything,
    }
    return TemplateResponse(request, "restaurants/list.html", context)


def _row(restaurant: Restaurant, review: Rate) -> Row:
    return Row(restaurant=restaurant, path=path_of(restaurant.pk), review=review, percent=percent(review))


def _counted(rows: QuerySet[Restaurant]) -> QuerySet[Restaurant]:
    """With tables in service, their seats, and open cases; each counted for itself."""
    tables = Table.objects.filter(restaurant=OuterRef("pk"), active=True).order_by().values("restaurant")
    cases = (
        ReviewCase.objects.filter(booking__restaurant=OuterRef("pk"), closed_at__isnull=True)
        .order_by()
        .values("booking__restaurant")
    )
    return rows.annotate(
        table_count=Coalesce(Subquery(tables.annotate(n=Count("pk")).values("n")), 0),
        seats=Coalesce(Subquery(tables.annotate(n=Sum("capacity")).values("n")), 0),
        open_cases=Coalesce(Subquery(cases.annotate(n=Count("pk")).values("n")), 0),
    ).order_by("-active", "name")

"""A restaurant's page: what it is, how it goes, its floor plan and its calendar, each part with its edits."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from assignments.models import ReviewCase
from bookings.models import (
    Adjacency,
    Combination,
    Restaurant,
    ServicePeriod,
    Table,
    TableBlock,
    TurnTime,
    Weekday,
    Zone,
)
from config.console.restaurants import described
from config.console.restaurants.drawing import drawn, natural
from config.console.restaurants.gaps import capacity_gaps
from config.console.restaurants.kinds import KINDS
from config.console.restaurants.rights import SEE, restaurant_in_scope
from config.console.restaurants.standing import path_of, percent, week_of


@dataclass(frozen=True, kw_only=True, slots=True)
class TableRow:
    table: Table
    offers: str
    near: str
    blocked: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class BlockRow:
    block: TableBlock
    period: str
    is_now: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """A weekday with its services, each with its hours."""

    name: str
    services: tuple[tuple[ServicePeriod, str], ...]


@require_safe
@permission_required(SEE, raise_exception=True)
def restaurant(request: HttpRequest, restaurant_id: int) -> HttpResponse:
    """The page. The number of queries does not depend on how much the restaurant has."""
    now = timezone.now()
    house = restaurant_in_scope(request, restaurant_id)
    week = week_of(house.pk, now)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": house.name,
        "restaurant": house,
        "path": path_of(house.pk),
        "week": week,
        "review": percent(week.review),
        "proven": percent(week.proven),
        "open_cases": ReviewCase.objects.filter(booking__restaurant=house, closed_at__isnull=True).count(),
        "may": _rights(request),
        **_plan(house, now),
        **_calendar(house),
    }
    return TemplateResponse(request, "restaurants/page.html", context)


@require_safe
@permission_required(SEE, raise_exception=True)
def gaps(request: HttpRequest, restaurant_id: int) -> HttpResponse:
    """The gaps alone: every start of two days is tried, so the page asks for them once it stands."""
    house = restaurant_in_scope(request, restaurant_id)
    context: dict[str, Any] = {"title": f"Capacity gaps at {house.name}", "frame": "restaurants/bare.html"}
    if "HX-Request" not in request.headers:
        context |= {**admin.site.each_context(request), **context, "frame": "console/base.html"}
    context["gaps"] = capacity_gaps(house, now=timezone.now())
    return TemplateResponse(request, "restaurants/gaps.html", context)


def _rights(request: HttpRequest) -> dict[str, bool]:
    """By kind and action, such as add_table; what the page offers, and the editor asks for again."""
    return {
        f"{action}_{kind.slug}": request.user.has_perm(kind.right(action))
        for kind in KINDS.values()
        for action in ("add", "change")
    }


def _plan(house: Restaurant, now: Any) -> dict[str, Any]:
    zones = list(Zone.objects.filter(restaurant=house))
    tables = list(Table.objects.filter(restaurant=house).select_related("zone"))
    tables.sort(key=lambda t: (t.zone.sort_order, t.zone.name, natural(t.number)))
    pairs = list(Adjacency.objects.filter(restaurant=house).values_list("table_low_id", "table_high_id"))
    blocks = list(
        TableBlock.objects.filter(restaurant=house, end_at__gt=now)
        .select_related("table", "restaurant")
        .order_by("start_at", "pk")
    )
    blocked = frozenset(block.table_id for block in blocks if block.start_at <= now)
    combinations = Combination.objects.filter(restaurant=house).prefetch_related("tables").order_by("name")
    return {
        "zones": drawn(zones, tables, pairs, marked=dict.fromkeys(blocked, "blocked")),
        "tables": _table_rows(tables, pairs, blocked),
        "in_service": sum(table.active for table in tables),
        "seats": sum(table.capacity for table in tables if table.active),
        "blocks": [
            BlockRow(block=block, period=described.period(block), is_now=block.start_at <= now)
            for block in blocks
        ],
        "combinations": [(row, described.combination(row)) for row in combinations],
    }


def _table_rows(
    tables: Sequence[Table], pairs: Sequence[tuple[int, int]], blocked: frozenset[int]
) -> list[TableRow]:
    numbers = {table.pk: table.number for table in tables}
    near: dict[int, list[str]] = {table.pk: [] for table in tables}
    for low, high in pairs:
        near[low].append(numbers[high])
        near[high].append(numbers[low])
    return [
        TableRow(
            table=table,
            offers=described.offers(table),
            near=", ".join(sorted(near[table.pk], key=natural)),
            blocked=table.pk in blocked,
        )
        for table in tables
    ]


def _calendar(house: Restaurant) -> dict[str, Any]:
    periods = list(ServicePeriod.objects.filter(restaurant=house).order_by("weekday", "opens"))
    return {
        "week_days": [
            Day(
                name=day.label,
                services=tuple((row, described.hours(row)) for row in periods if row.weekday == day),
            )
            for day in Weekday
        ],
        "turn_times": TurnTime.objects.filter(restaurant=house),
        "pacing": getattr(house, "pacing", None),
        "closures": house.closures.order_by("starts_on"),
    }

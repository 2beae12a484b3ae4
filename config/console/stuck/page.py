"""Stuck bookings by cause, with the day's trend."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from assignments.stuck.causes import stuck_bookings
from config.console.stuck.rows import grouped, rows_of, unknown_mails
from observability.metrics.backlog import stuck_by_hour
from observability.scope import scope_of

SEE = "bookings.view_booking"
SEE_MAILS = "bookings.view_outboxmessage"
RESCUE = "assignments.requeue_stuck"

#: Height of the trend's picture, in its own units.
_HEIGHT = 48


@dataclass(frozen=True, kw_only=True, slots=True)
class HourBar:
    """One hour of the trend: where it is drawn, and what it says."""

    x: int
    y: float
    height: float
    label: str
    count: int
    is_now: bool


@require_safe
@permission_required(SEE, raise_exception=True)
def stuck(request: HttpRequest) -> HttpResponse:
    """The page. The number of queries does not depend on how many are stuck."""
    now, scope = timezone.now(), scope_of(request)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": "Stuck bookings",
        "groups": grouped(rows_of(stuck_bookings(scope=scope), now=now)),
        "mails": unknown_mails(scope=scope, now=now) if request.user.has_perm(SEE_MAILS) else None,
        "may_rescue": request.user.has_perm(RESCUE),
    }
    # A refresh takes the lists only; the trend reads a whole day.
    if "HX-Request" not in request.headers:
        context["bars"] = _bars(stuck_by_hour(now=now, scope=scope))
    context["count"] = sum(group.count for group in context["groups"])
    return TemplateResponse(request, "stuck/page.html", context)


def _bars(counts: Mapping[datetime, int]) -> list[HourBar]:
    """Each at least a line high, so that an hour without any is seen to be one."""
    most = max([1, *counts.values()])
    return [
        HourBar(
            x=index * 10,
            y=_HEIGHT - _high(count, most),
            height=_high(count, most),
            label=f"{hour:%H:%M}",
            count=count,
            is_now=index == len(counts) - 1,
        )
        for index, (hour, count) in enumerate(sorted(counts.items()))
    ]


def _high(count: int, most: int) -> float:
    return round(1 + (_HEIGHT - 2) * count / most, 1)

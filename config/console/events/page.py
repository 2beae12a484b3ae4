"""The list of events: what happened, the latest first, page by page by key."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from bookings.models import Booking, Restaurant
from config.console.events.filters import EventFilter
from config.console.explorer.rights import EXPORT, may_see_metrics
from observability.event_pages import Key, Page, newer, older
from observability.models import Event
from observability.scope import scope_of

PAGE_SIZE = 50

#: A key as it stands in the address: microseconds since 1970, and an id.
_KEY = re.compile(r"(?P<at>\d{1,17})-(?P<id>\d{1,18})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

#: Tone and icon of a severity that stands out.
_LOOKS = {"warning": ("watch", "warn"), "error": ("critical", "bad"), "critical": ("critical", "bad")}


@dataclass(frozen=True, kw_only=True, slots=True)
class EventRow:
    """An event as the list shows it, times in UTC; without a reference where the booking is gone."""

    id: int
    day: str
    clock: str
    iso: str
    event_type: str
    source: str
    severity: str
    tone: str
    icon: str
    restaurant: str
    reference: str
    context: tuple[tuple[str, str], ...]


@require_safe
def events(request: HttpRequest) -> HttpResponse:
    """As many queries for any page and filter, give or take the slices of time that are looked through."""
    if not may_see_metrics(request):
        raise PermissionDenied("Seeing events takes the permission to view them.")
    asked = EventFilter(request.GET, queryset=Event.objects.all(), scope=scope_of(request))
    now = timezone.now()
    above, below = _key(request, "above"), _key(request, "below")
    page = (
        newer(asked.rows, than=above, now=now, size=PAGE_SIZE)
        if above
        else older(asked.rows, than=below, now=now, size=PAGE_SIZE)
    )
    kept = {name: value for name in asked.filters if (value := request.GET.get(name))}
    context = {
        **admin.site.each_context(request),
        "title": "Events",
        "form": asked.form,
        "rows": _rows(page.events),
        "newest_url": f"?{urlencode(kept)}",
        **_links(page, kept),
        "export_query": urlencode(kept),
        "may_export": request.user.has_perm(EXPORT),
    }
    return TemplateResponse(request, "events/page.html", context)


def _key(request: HttpRequest, name: str) -> Key | None:
    """A key of the address; one that cannot be read is passed over."""
    match = _KEY.fullmatch(request.GET.get(name, ""))
    if match is None:
        return None
    return Key(at=_EPOCH + timedelta(microseconds=int(match["at"])), id=int(match["id"]))


def _links(page: Page, kept: dict[str, str]) -> dict[str, str]:
    """Addresses of the pages beside this one, with the filters kept."""
    if not page.events:
        return {"newer_url": "", "older_url": ""}
    first, last = page.events[0], page.events[-1]
    return {
        "newer_url": f"?{urlencode({**kept, 'above': _told(first)})}" if page.is_newer else "",
        "older_url": f"?{urlencode({**kept, 'below': _told(last)})}" if page.is_older else "",
    }


def _told(event: Event) -> str:
    return f"{(event.created_at - _EPOCH) // timedelta(microseconds=1)}-{event.pk}"


def _rows(found: Sequence[Event]) -> list[EventRow]:
    """The rows with the names that belong to their numbers (two queries)."""
    names = dict(
        Restaurant.objects.filter(pk__in={event.restaurant_id for event in found}).values_list("pk", "name")
    )
    references = dict(
        Booking.objects.filter(pk__in={event.booking_id for event in found}).values_list("pk", "reference")
    )
    return [_row(event, names, references) for event in found]


def _row(event: Event, names: dict[int, str], references: dict[int, str]) -> EventRow:
    tone, icon = _LOOKS.get(event.severity, ("", ""))
    at = event.created_at.astimezone(UTC)
    return EventRow(
        id=event.pk,
        day=f"{at.day} {at:%b}",
        clock=f"{at:%H:%M:%S}.{at.microsecond // 1000:03}",
        iso=at.isoformat(),
        event_type=event.event_type,
        source=event.source,
        severity=event.severity,
        tone=tone,
        icon=icon,
        restaurant=names.get(event.restaurant_id or 0, ""),
        reference=references.get(event.booking_id or 0, ""),
        context=tuple((key, _value(value)) for key, value in event.context.items()),
    )


def _value(value: object) -> str:
    return "none" if value is None else str(value)

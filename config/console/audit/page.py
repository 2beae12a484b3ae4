"""The audit page and its export."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.decorators import permission_required
from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from bookings.models import Restaurant
from config.console.audit.sources import SOURCES, Entry, Wanted, entries, every_entry, key_of
from config.console.review.rights import person
from observability.csv_cells import csv_lines
from observability.models import Event
from observability.scope import Scope, scope_of

SEE = "observability.view_audit"
EXPORT = "observability.export_audit"

PAGE_SIZE = 50
#: Rows read at a time for a file.
CHUNK = 1_000

RANGES: Mapping[str, tuple[str, timedelta | None]] = {
    "7": ("Last 7 days", timedelta(days=7)),
    "1": ("Last 24 hours", timedelta(days=1)),
    "30": ("Last 30 days", timedelta(days=30)),
    "all": ("From the start", None),
}
_USUAL = "7"

COLUMNS = ("at", "source", "who", "what", "kind", "about", "restaurant", "before", "after", "reason")


class AuditForm(forms.Form):
    """The filters, as they stand in the address. The sources are no one table, so there is no queryset."""

    who = forms.CharField(max_length=150, required=False, label="Who")
    about = forms.CharField(max_length=100, required=False, label="About")
    source = forms.ChoiceField(choices=[("", "Any source"), *SOURCES.items()], required=False)
    restaurant = forms.ModelChoiceField(
        Restaurant.objects.none(), required=False, empty_label="All restaurants"
    )
    range = forms.ChoiceField(choices=[(key, label) for key, (label, _) in RANGES.items()], required=False)

    def __init__(self, data: Any, *, scope: Scope, now: datetime) -> None:
        super().__init__(data)
        self._scope, self._now = scope, now
        places = scope.narrow(Restaurant.objects.order_by("name"), "pk")
        self.fields["restaurant"].queryset = places  # type: ignore[attr-defined]
        for name, field in self.fields.items():
            field.widget.attrs["class"] = "in"
            if name in ("who", "about"):
                field.widget.attrs |= {"type": "search", "placeholder": field.label}

    def wanted(self) -> Wanted:
        """What the address asks for; what it asks wrongly is left out and told in the form's errors."""
        self.full_clean()
        given = self.cleaned_data
        span = RANGES[given.get("range") or _USUAL][1]
        place = given.get("restaurant")
        return Wanted(
            source=given.get("source", ""),
            who=given.get("who", ""),
            about=given.get("about", ""),
            since=self._now - span if span else None,
            restaurants=frozenset({place.pk}) if place else self._scope.restaurants,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    entry: Entry
    source: str
    day: str
    clock: str
    iso: str
    restaurant: str


@require_safe
@permission_required(SEE, raise_exception=True)
def audit(request: HttpRequest) -> HttpResponse:
    """Newest first. The number of queries depends neither on rows nor on sources."""
    form = AuditForm(request.GET, scope=scope_of(request), now=timezone.now())
    found = entries(form.wanted(), below=key_of(request.GET.get("before", "")), most=PAGE_SIZE + 1)
    shown = found[:PAGE_SIZE]
    context = {
        **admin.site.each_context(request),
        "title": "Audit",
        "form": form,
        "rows": _rows(shown),
        "older": urlencode({"before": str(shown[-1].key)}) if len(found) > PAGE_SIZE else "",
        "is_first": not request.GET.get("before"),
        "query": _query(request),
        "may_export": request.user.has_perm(EXPORT),
        "is_everything": scope_of(request).is_everything,
    }
    return TemplateResponse(request, "audit/page.html", context)


@require_safe
@permission_required((SEE, EXPORT), raise_exception=True)
def audit_export(request: HttpRequest) -> HttpResponseBase:
    """The same rows as a file, all pages of them; who took it along is logged."""
    form = AuditForm(request.GET, scope=scope_of(request), now=timezone.now())
    wanted = form.wanted()
    narrowed = sorted(name for name in form.fields if request.GET.get(name))
    _log(
        request, f"Exported the audit as CSV, {'filtered by ' + ', '.join(narrowed) if narrowed else 'all'}."
    )
    names = dict(Restaurant.objects.values_list("pk", "name"))
    return StreamingHttpResponse(
        csv_lines(COLUMNS, _cells(every_entry(wanted, chunk=CHUNK), names)),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="audit-{timezone.now():%Y%m%d-%H%M%S}.csv"',
            "Cache-Control": "no-store",
        },
    )


def _rows(found: Sequence[Entry]) -> list[Row]:
    """One query, for the restaurants' names."""
    places = Restaurant.objects.filter(pk__in={entry.restaurant_id for entry in found})
    names = dict(places.values_list("pk", "name"))
    return [_row(entry, names) for entry in found]


def _row(entry: Entry, names: Mapping[int, str]) -> Row:
    at = entry.key.at.astimezone(UTC)
    return Row(
        entry=entry,
        source=SOURCES[entry.key.source],
        day=f"{at:%a} {at.day} {at:%b %Y}",
        clock=f"{at:%H:%M:%S}",
        iso=at.isoformat(timespec="seconds"),
        restaurant=names.get(entry.restaurant_id or 0, ""),
    )


def _cells(found: Iterator[Entry], names: Mapping[int, str]) -> Iterator[Sequence[Any]]:
    for entry in found:
        yield (
            entry.key.at,
            entry.key.source,
            entry.actor,
            entry.what,
            entry.kind,
            entry.about,
            names.get(entry.restaurant_id or 0, ""),
            entry.before,
            entry.after,
            entry.reason,
        )


def _log(request: HttpRequest, message: str) -> None:
    LogEntry.objects.create(
        user=person(request),
        content_type=ContentType.objects.get_for_model(Event),
        object_repr="audit",
        action_flag=CHANGE,
        change_message=message,
    )


def _query(request: HttpRequest) -> str:
    return urlencode([(name, value) for name, value in request.GET.items() if value and name != "before"])

"""The list of events as a CSV file, narrowed as the list is."""

from collections.abc import Iterable, Iterator

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.decorators import permission_required
from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from config.console.events.filters import EventFilter
from config.console.explorer.rights import EXPORT, SEE
from config.console.review.rights import person
from observability.csv_cells import csv_lines
from observability.event_cells import COLUMNS
from observability.exports import CHUNK
from observability.models import Event
from observability.scope import scope_of


@require_safe
@permission_required((SEE, EXPORT), raise_exception=True)
def export_events(request: HttpRequest) -> HttpResponseBase:
    """The file, sent while it is read; filters that cannot be read lead back to the list, which says so.

    The latest ids first: the primary key has that order in every partition, so that the first line of
    millions comes as soon as that of a few.
    """
    asked = EventFilter(request.GET, queryset=Event.objects.all(), scope=scope_of(request))
    if not asked.form.is_valid():
        return HttpResponseRedirect(f"{reverse('admin:events')}?{request.GET.urlencode()}")
    _log(request, sorted(name for name in asked.filters if request.GET.get(name)))
    return StreamingHttpResponse(
        _lines(asked.rows.order_by("-id").iterator(chunk_size=CHUNK)),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="events-{timezone.now():%Y%m%d-%H%M%S}.csv"',
            "Cache-Control": "no-store",
        },
    )


def _lines(rows: Iterable[Event]) -> Iterator[str]:
    return csv_lines(list(COLUMNS), ([cell(row) for cell in COLUMNS.values()] for row in rows))


def _log(request: HttpRequest, narrowed: list[str]) -> None:
    what = f"filtered by {', '.join(narrowed)}" if narrowed else "all of them"
    LogEntry.objects.create(
        user=person(request),
        content_type=ContentType.objects.get_for_model(Event),
        object_repr="events",
        action_flag=CHANGE,
        change_message=f"Exported as CSV, {what}.",
    )

"""Lists of the console as CSV files: what a list shows with its filters and search, all pages of it."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect, StreamingHttpResponse
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from observability.csv_cells import csv_lines

#: Rows read at a time; the file is sent while it is read.
CHUNK = 2_000

if TYPE_CHECKING:
    from django.contrib import admin

    _Admin = admin.ModelAdmin[Any]
else:
    _Admin = object

#: What a cell is made of.
Column = Callable[[Any], Any]


class CsvExport(_Admin):
    """Adds an export to a list, for people with the model's permission `export_…`.

    Each export is written to the log of actions: who, which list, narrowed by what. The values it was
    narrowed by are left out, because people search for guests' names.
    """

    export_columns: ClassVar[Mapping[str, Column]]

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Whether this person may take the list along."""
        allowed = request.user.has_perm(f"{self.opts.app_label}.export_{self.opts.model_name}")
        return allowed and self.has_view_permission(request)

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        view = self.admin_site.admin_view(require_safe(self.export_view))
        return [path("export/", view, name=name), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        context = extra_context or {}
        if self.has_export_permission(request):
            context["export_url"] = f"{self._address('export')}?{request.GET.urlencode()}"
        return super().changelist_view(request, context)

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """The list as a file. Raises PermissionDenied for people without the permission."""
        if not self.has_export_permission(request):
            raise PermissionDenied(
                f"Exporting {self.opts.verbose_name_plural} needs a permission of its own."
            )
        try:
            rows = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:
            return HttpResponseRedirect(f"{self._address('changelist')}?e=1")
        self._log(request)
        filename = f"{self.opts.db_table}-{timezone.now():%Y%m%d-%H%M%S}.csv"
        return StreamingHttpResponse(
            self._lines(rows.iterator(chunk_size=CHUNK)),
            content_type="text/csv; charset=utf-8",
            headers={
                "Content-Disposition": f'attachment; filename="{filename}"',
                "Cache-Control": "no-store",
            },
        )

    def _lines(self, rows: Iterator[Any]) -> Iterator[str]:
        columns = self.export_columns
        return csv_lines(list(columns), ([cell(row) for cell in columns.values()] for row in rows))

    def _address(self, page: str) -> str:
        return reverse(f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_{page}")

    def _log(self, request: HttpRequest) -> None:
        narrowed = sorted(set(request.GET) - {"q", "o", "p"})
        words = [f"filtered by {', '.join(narrowed)}"] if narrowed else []
        words += ["searched"] if request.GET.get("q") else []
        LogEntry.objects.create(
            user_id=int(request.user.pk or 0),
            content_type=ContentType.objects.get_for_model(self.model),
            object_repr=str(self.opts.verbose_name_plural)[:200],
            action_flag=CHANGE,
            change_message=f"Exported as CSV, {' and '.join(words) or 'all of them'}.",
        )

"""Imports of bookings in the console: upload, columns and preview, progress and result, rejects."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.text import slugify

from bookings.admin.import_forms import ChoicesForm, UploadForm
from bookings.display import show
from bookings.imports import uploads
from bookings.imports.errors import FileError
from bookings.imports.rejects import reject_lines
from bookings.imports.uploads import RunError
from bookings.models import ImportReject, ImportRun, ImportStatus
from observability.admin import ViewOnlyAdmin, utc_moment
from observability.scope import scope_of

PERMISSION = "bookings.import_booking"

#: Problems shown on a page; the rejects file has all.
MOST_SHOWN = 20

_MARKS = {
    ImportStatus.DRAFT: ("unknown", "ring"),
    ImportStatus.RUNNING: ("moving", "half"),
    ImportStatus.DONE: ("good", "ok"),
    ImportStatus.FAILED: ("critical", "bad"),
}

View = Callable[..., HttpResponseBase]


def may_import(view: View) -> View:
    """Refuse people without the permission, and those who work for some restaurants: a file may name any."""

    @wraps(view)
    def guarded(self: "ImportRunAdmin", request: HttpRequest, **args: int) -> HttpResponseBase:
        if not request.user.has_perm(PERMISSION) or not scope_of(request).is_everything:
            raise PermissionDenied("Importing bookings needs a permission of its own, and every restaurant.")
        return view(self, request, **args)

    return guarded


@admin.register(ImportRun)
class ImportRunAdmin(ViewOnlyAdmin[ImportRun]):
    restaurant_path = "restaurant"
    kept_apart = frozenset({"content"})
    list_display = [
        "filename", "state", "rows", "imported", "already_there", "rejected", "created_by", "created",
    ]  # fmt: skip
    list_filter = ["status", "as_history"]
    list_select_related = ["created_by"]
    search_fields = ["filename"]
    ordering = ["-id"]
    fields = [
        "filename", "state", "rows", "imported", "already_there", "renamed", "rejected", "restaurants_made",
        "problem", "mapping", "restaurant", "timezone", "as_history", "by_staff", "create_restaurants",
        "created_by", "created", "finished",
    ]  # fmt: skip
    readonly_fields = ["state", "created", "finished"]

    def get_queryset(self, request: HttpRequest) -> Any:
        """Without the files, which are large and nobody's to look at in a list."""
        return super().get_queryset(request).defer("content").select_related("created_by", "restaurant")

    @admin.display(description="Status", ordering="status")
    def state(self, run: ImportRun) -> SafeString:
        return show.chip(run.get_status_display(), *_MARKS[ImportStatus(run.status)])

    @admin.display(description="Uploaded", ordering="id")
    def created(self, run: ImportRun) -> SafeString | str:
        return utc_moment(run.created_at)

    @admin.display(description="Finished")
    def finished(self, run: ImportRun) -> SafeString | str:
        return utc_moment(run.finished_at)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        offered = {"import_url": "new/"} if request.user.has_perm(PERMISSION) else {}
        return super().changelist_view(request, {**(extra_context or {}), **offered})

    def get_urls(self) -> list[Any]:
        pages = (
            ("new/", self.upload_view, "new"),
            ("<int:run_id>/prepare/", self.prepare_view, "prepare"),
            ("<int:run_id>/result/", self.result_view, "result"),
            ("<int:run_id>/stop/", self.stop_view, "stop"),
            ("<int:run_id>/resume/", self.resume_view, "resume"),
            ("<int:run_id>/rejects/", self.rejects_view, "rejects"),
        )
        own = [
            path(address, self.admin_site.admin_view(view), name=f"bookings_importrun_{name}")
            for address, view, name in pages
        ]
        return [*own, *super().get_urls()]

    @may_import
    def upload_view(self, request: HttpRequest) -> HttpResponseBase:
        """Choose a file."""
        form = UploadForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            file = form.cleaned_data["file"]
            try:
                run = uploads.upload(
                    filename=file.name, content=file.read(), by=int(request.user.pk or 0), now=timezone.now()
                )
            except FileError as error:
                form.add_error("file", str(error))
            else:
                return redirect("admin:bookings_importrun_prepare", run.pk)
        limits = {"megabytes": uploads.LARGEST // 1_000_000, "lines": uploads.MOST_LINES - 1}
        return self._page(request, "upload", "Import bookings", form=form, **limits)

    @may_import
    def prepare_view(self, request: HttpRequest, run_id: int) -> HttpResponseBase:
        """Say what the columns hold, look at what would happen, start."""
        run = self._run(run_id)
        if run.status != ImportStatus.DRAFT:
            return redirect("admin:bookings_importrun_result", run_id)
        if request.method == "POST" and "start" in request.POST:
            return self._start(request, run)
        form = ChoicesForm(run, request.POST or None)
        if request.method == "POST" and form.is_valid():
            uploads.choose(run_id=run_id, options=form.chosen())
            return redirect("admin:bookings_importrun_prepare", run_id)
        return self._page(request, "prepare", run.filename, run=run, form=form, **self._preview(run))

    def _preview(self, run: ImportRun) -> dict[str, Any]:
        rows = uploads.sample(run)
        try:
            found = uploads.preview(run=run, now=timezone.now())
        except FileError as error:
            return {"rows": rows, "refusal": str(error)}
        return {"rows": rows, "preview": found, "problems": found.rejects[:MOST_SHOWN]}

    def _start(self, request: HttpRequest, run: ImportRun) -> HttpResponse:
        try:
            uploads.start(run_id=run.pk, now=timezone.now())
        except (RunError, FileError) as error:
            self.message_user(request, str(error), messages.ERROR)
            return redirect("admin:bookings_importrun_prepare", run.pk)
        self._log(request, run, "Started the import.")
        return redirect("admin:bookings_importrun_result", run.pk)

    @may_import
    def result_view(self, request: HttpRequest, run_id: int) -> HttpResponseBase:
        """How far it is and what became of the rows."""
        run = self._run(run_id)
        if run.status == ImportStatus.DRAFT:
            return redirect("admin:bookings_importrun_prepare", run_id)
        percent = min(100, 100 * run.position // max(1, run.size))
        problems = run.rejects.all()[:MOST_SHOWN]
        return self._page(
            request,
            "result",
            run.filename,
            run=run,
            percent=percent,
            problems=problems,
            kept=run.rejects.exists(),
            resumable=run.status == ImportStatus.FAILED and run.content is not None,
        )

    @may_import
    def stop_view(self, request: HttpRequest, run_id: int) -> HttpResponseBase:
        """End it early."""
        run = self._run(run_id)
        if request.method == "POST":
            try:
                uploads.stop(run_id=run_id, now=timezone.now())
                self._log(request, run, "Stopped the import.")
            except RunError as error:
                self.message_user(request, str(error), messages.ERROR)
        return redirect("admin:bookings_importrun_result", run_id)

    @may_import
    def resume_view(self, request: HttpRequest, run_id: int) -> HttpResponseBase:
        """Go on with one that was given up."""
        run = self._run(run_id)
        if request.method == "POST":
            try:
                uploads.resume(run_id=run_id, now=timezone.now())
                self._log(request, run, "Resumed the import.")
            except (RunError, FileError) as error:
                self.message_user(request, str(error), messages.ERROR)
        return redirect("admin:bookings_importrun_result", run_id)

    @may_import
    def rejects_view(self, request: HttpRequest, run_id: int) -> HttpResponseBase:
        """The rejected rows as a file to correct and import again."""
        run = self._run(run_id)
        self._log(request, run, "Downloaded the rejected rows.")
        name = slugify(run.filename.removesuffix(".csv")) or "bookings"
        return StreamingHttpResponse(
            reject_lines(run.columns, run.rejects.iterator(chunk_size=2_000)),
            content_type="text/csv; charset=utf-8",
            headers={
                "Content-Disposition": f'attachment; filename="{name}-rejects.csv"',
                "Cache-Control": "no-store",
            },
        )

    def _run(self, run_id: int) -> ImportRun:
        run = ImportRun.objects.select_related("restaurant").filter(pk=run_id).first()
        if run is None:
            raise Http404(f"There is no import {run_id}; drafts are removed after a day.")
        return run

    def _page(self, request: HttpRequest, template: str, title: str, **context: Any) -> TemplateResponse:
        frame = {**self.admin_site.each_context(request), "title": title, "opts": self.opts}
        return TemplateResponse(request, f"bookings/imports/{template}.html", {**frame, **context})

    def _log(self, request: HttpRequest, run: ImportRun, message: str) -> None:
        """To the log of actions: who imported what; the bookings themselves tell where they came from."""
        LogEntry.objects.create(
            user_id=int(request.user.pk or 0),
            content_type=ContentType.objects.get_for_model(ImportRun),
            object_id=str(run.pk),
            object_repr=run.filename,
            action_flag=CHANGE,
            change_message=message,
        )


@admin.register(ImportReject)
class ImportRejectAdmin(ViewOnlyAdmin[ImportReject]):
    """Without the cells, which hold guests' data: those who import download them."""

    kept_apart = frozenset({"cells"})
    list_display = ["line", "run", "reason"]
    list_select_related = ["run"]
    search_fields = ["run__filename", "reason"]
    ordering = ["-run_id", "line"]
    fields = ["run", "line", "reason"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("run").defer("run__content")

"""The task queue in the console: what waits, what ran, what failed. View-only, payloads never shown.

A payload is pickled: reading one that this version does not know would break the page, and working on
tasks is the workers' business. django-q2 brings pages of its own that can edit and resubmit; they are
replaced. Its models are taken by name, because `bookings.queue` alone imports it.
"""

from importlib import import_module
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from observability.admin import ViewOnlyAdmin, utc_moment

QUEUE = apps.get_app_config("django_q")


class _TaskAdmin(ViewOnlyAdmin[Model]):
    """Tasks that ran."""

    list_display = ["name", "func", "cluster", "began", "ended", "took", "attempt_count"]
    search_fields = ["=id", "=name"]
    search_help_text = "A task's whole name or id."
    ordering = ["-stopped"]
    fields = ["id", "name", "func", "group", "cluster", "began", "ended", "took", "attempt_count", "success"]
    readonly_fields = ["began", "ended", "took"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        return super().get_queryset(request).defer("args", "kwargs", "result")

    @admin.display(description="Started", ordering="started")
    def began(self, task: Any) -> SafeString | str:
        return utc_moment(task.started)

    @admin.display(description="Stopped", ordering="stopped")
    def ended(self, task: Any) -> SafeString | str:
        return utc_moment(task.stopped)

    @admin.display(description="Took")
    def took(self, task: Any) -> str:
        return f"{(task.stopped - task.started).total_seconds():.2f} s"


class _WaitingAdmin(ViewOnlyAdmin[Model]):
    """Tasks that wait or are being worked on."""

    list_display = ["id", "key", "not_before"]
    ordering = ["id"]
    fields = ["id", "key", "not_before"]
    readonly_fields = ["not_before"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        return super().get_queryset(request).defer("payload")

    @admin.display(description="Not before", ordering="lock")
    def not_before(self, task: Any) -> SafeString | str:
        return utc_moment(task.lock)


class _ScheduleAdmin(ViewOnlyAdmin[Model]):
    """Tasks that come again."""

    list_display = ["name", "func", "schedule_type", "minutes", "next", "repeats", "cluster"]
    search_fields = ["name", "func"]
    ordering = ["next_run"]
    fields = ["name", "func", "schedule_type", "minutes", "cron", "next", "repeats", "cluster"]
    readonly_fields = ["next"]

    @admin.display(description="Next run", ordering="next_run")
    def next(self, schedule: Any) -> SafeString | str:
        return utc_moment(schedule.next_run)


def _replace(name: str, page: type[ViewOnlyAdmin[Model]]) -> None:
    model = QUEUE.get_model(name)
    if admin.site.is_registered(model):
        admin.site.unregister(model)
    admin.site.register(model, page)


# Its pages come first, so that they are there to be replaced whatever the order of the apps.
import_module(f"{QUEUE.name}.admin")
_replace("OrmQ", _WaitingAdmin)
_replace("Success", _TaskAdmin)
_replace("Failure", _TaskAdmin)
_replace("Schedule", _ScheduleAdmin)

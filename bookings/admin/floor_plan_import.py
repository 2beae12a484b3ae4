"""Floor plans from a file, in the console: choose it, look at what would change, confirm.

Nothing is kept in between: the preview carries the file, and what is confirmed is done only if it is still
what was shown.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from bookings.admin.withdrawn import tell_fates
from bookings.displacing import fates_in_words
from bookings.imports.errors import FileError
from bookings.imports.floor_plan.applying import Imported
from bookings.imports.floor_plan.difference import in_words
from bookings.imports.floor_plan.import_file import PlanFileError, import_file
from bookings.models import Restaurant
from observability.scope import scope_of

PERMISSION = "bookings.import_floor_plan"

#: Bytes of an upload, which the preview's form carries; a floor plan has a few thousand.
LARGEST = 1_000_000


class PlanFileForm(forms.Form):
    file = forms.FileField(
        label="JSON or CSV file",
        widget=forms.ClearableFileInput(
            attrs={"class": "in", "accept": ".json,.csv,application/json,text/csv"}
        ),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > LARGEST:
            raise forms.ValidationError(
                f"{file.size} bytes are too many; at most {LARGEST}. Use manage.py import_floor_plan."
            )
        return file


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """The file as it goes along with the preview."""

    content: bytes
    is_csv: bool

    @property
    def packed(self) -> str:
        return base64.b64encode(self.content).decode()


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """What is, or would be, done to one restaurant, in words."""

    name: str
    slug: str
    created: bool
    lines: list[str]
    fates: list[str]


def may_import_plans(request: HttpRequest) -> bool:
    return request.user.has_perm(PERMISSION)


def import_view(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """All steps of an import at one address."""
    if not may_import_plans(request):
        raise PermissionDenied("Importing floor plans needs a permission of its own.")
    if "confirmed" in request.POST:
        return _carry_out(request, site)
    form = PlanFileForm(request.POST or None, request.FILES or None)
    if request.method != "POST" or not form.is_valid():
        return _page(request, site, form=form)
    file = form.cleaned_data["file"]
    chosen = Chosen(content=file.read(), is_csv=file.name.lower().endswith(".csv"))
    try:
        found = _import(request, chosen, dry_run=True)
    except FileError as error:
        return _refused(request, site, form, error)
    return _preview(request, site, chosen, found)


def _import(request: HttpRequest, chosen: Chosen, *, dry_run: bool = False) -> list[Imported]:
    scope = scope_of(request)
    return import_file(
        content=chosen.content,
        is_csv=chosen.is_csv,
        now=timezone.now(),
        actor_id=request.user.pk,
        may_change=scope.holds,
        dry_run=dry_run,
    )


def _carry_out(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Do what was shown; what has become another change since is shown again instead."""
    try:
        content = base64.b64decode(request.POST.get("content", ""), validate=True)
        chosen = Chosen(content=content, is_csv=request.POST.get("is_csv") == "yes")
        with transaction.atomic():
            found = _import(request, chosen)
            as_shown = _seal(found) == request.POST["confirmed"]
            if as_shown:
                _log(request, found)
            else:
                transaction.set_rollback(True)
    except (FileError, binascii.Error) as error:
        return _refused(request, site, PlanFileForm(), error)
    if not as_shown:
        return _preview(request, site, chosen, found, changed_since=True)
    for each in found:
        done = "created" if each.created else f"{len(in_words(each.difference))} changes made"
        messages.success(request, f"{each.restaurant}: {done if each.difference else 'no change'}.")
        tell_fates(request, each.displaced)
    return redirect("admin:bookings_restaurant_changelist")


def _seal(found: list[Imported]) -> str:
    """Tells one preview from another."""
    return hashlib.sha256(repr(_shown(found)).encode()).hexdigest()


def _shown(found: list[Imported]) -> list[Shown]:
    return [
        Shown(
            name=each.restaurant.name,
            slug=each.restaurant.slug,
            created=each.created,
            lines=in_words(each.difference),
            fates=list(fates_in_words(each.displaced).values()),
        )
        for each in found
    ]


def _preview(
    request: HttpRequest,
    site: AdminSite,
    chosen: Chosen,
    found: list[Imported],
    *,
    changed_since: bool = False,
) -> HttpResponse:
    shown = _shown(found)
    return _page(
        request,
        site,
        chosen=chosen,
        restaurants=shown,
        changes=any(each.lines or each.created for each in shown),
        seal=_seal(found),
        changed_since=changed_since,
    )


def _refused(
    request: HttpRequest, site: AdminSite, form: PlanFileForm, error: FileError | binascii.Error
) -> HttpResponse:
    problems = error.problems if isinstance(error, PlanFileError) else [str(error)]
    return _page(request, site, form=form, problems=problems)


def _page(request: HttpRequest, site: AdminSite, **context: Any) -> TemplateResponse:
    frame = {**site.each_context(request), "title": "Import floor plans", "opts": Restaurant._meta}  # noqa: SLF001
    return TemplateResponse(request, "bookings/imports/floor_plan.html", {**frame, **context})


def _log(request: HttpRequest, found: list[Imported]) -> None:
    """To the log of actions, for each restaurant that is another one now."""
    for each in found:
        if each.created or each.difference:
            LogEntry.objects.create(
                user_id=int(request.user.pk or 0),
                content_type=ContentType.objects.get_for_model(Restaurant),
                object_id=str(each.restaurant.pk),
                object_repr=str(each.restaurant),
                action_flag=ADDITION if each.created else CHANGE,
                change_message=f"Imported a floor plan: {len(in_words(each.difference))} changes.",
            )

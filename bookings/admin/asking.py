"""Steps that are asked about on a page of their own, then taken by a POST, and logged."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin


def ask_then(
    pages: "ModelAdmin[Any]",
    request: HttpRequest,
    row: Any,
    *,
    template: str,
    context: dict[str, Any],
    step: Callable[[], str],
    refusal: type[Exception],
) -> HttpResponse:
    """The question, or after a POST the record's page with what `step` says was done.

    A step that raises `refusal` has changed nothing; the person reads why.
    """
    if request.method != "POST":
        return answer(pages, request, template, {**context, "row": row})
    try:
        done = step()
    except refusal as error:
        pages.message_user(request, f"Nothing was done: {error}.", messages.ERROR)
    else:
        pages.log_change(request, row, done)
        pages.message_user(request, done, messages.SUCCESS)
    name = f"admin:{pages.opts.app_label}_{pages.opts.model_name}_change"
    return HttpResponseRedirect(reverse(name, args=[row.pk]))


def answer(
    pages: "ModelAdmin[Any]", request: HttpRequest, template: str, context: dict[str, Any]
) -> HttpResponse:
    """A page inside the console's frame."""
    frame = {**pages.admin_site.each_context(request), "opts": pages.opts}
    return TemplateResponse(request, template, {**frame, **context})


def found(pages: "ModelAdmin[Any]", request: HttpRequest, pk: int) -> Any:
    """The record of that number. Raises Http404."""
    row = pages.get_queryset(request).filter(pk=pk).first()
    if row is None:
        raise Http404(f"There is no {pages.opts.verbose_name} {pk}.")
    return row


def must_have(request: HttpRequest, permission: str, what: str) -> None:
    """Raise PermissionDenied, saying what the permission is for, unless the person has it."""
    if not request.user.has_perm(permission):
        raise PermissionDenied(f"{what} needs the permission {permission}.")

"""What people do with cases. Every function takes a POST, calls one use case, and leads on."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from assignments.models import Resolution, ReviewCase
from assignments.review import claims, resolutions, waiting
from assignments.review.claims import CaseError
from assignments.review.resolutions import ConflictError
from assignments.review.undo import TooLateError, undo
from config.console.review.case_page import case_page, next_case
from config.console.review.rights import SEE, TAKE_OVER, WORK, case_in_scope, others_at, person
from config.console.review.rows import owner_of
from config.console.review.toast import remember
from observability.scope import scope_of

#: For how long a case may be put aside, in minutes.
SNOOZES = (15, 30, 60, 120)

Step = Callable[..., Any]


@require_POST
@permission_required(WORK, raise_exception=True)
def apply_fix(request: HttpRequest, case_id: int) -> HttpResponse:
    return _resolve(
        request,
        case_id,
        resolutions.apply_fix,
        key=request.POST.get("key", ""),
        override_reason=request.POST.get("reason", "").replace("\x00", "")[:200],
    )


@require_POST
@permission_required(WORK, raise_exception=True)
def quick_fix(request: HttpRequest, case_id: int) -> HttpResponse:
    """The best fix, from the queue in one click: claimed first, unless somebody else works on it."""
    case_in_scope(request, case_id)
    try:
        claims.claim(case_id=case_id, user=person(request), now=timezone.now())
    except CaseError as refusal:
        return _refused(request, case_id, str(refusal))
    return _resolve(request, case_id, resolutions.apply_fix, to_queue=True, key=request.POST.get("key", ""))


@require_POST
@permission_required(WORK, raise_exception=True)
def requeue(request: HttpRequest, case_id: int) -> HttpResponse:
    return _resolve(request, case_id, resolutions.requeue)


@require_POST
@permission_required(WORK, raise_exception=True)
def reject(request: HttpRequest, case_id: int) -> HttpResponse:
    return _resolve(request, case_id, resolutions.reject)


@require_POST
@permission_required(WORK, raise_exception=True)
def snooze(request: HttpRequest, case_id: int) -> HttpResponse:
    now = timezone.now()
    minutes = request.POST.get("minutes", "")
    if minutes not in map(str, SNOOZES):
        return _refused(
            request, case_id, f"Put the case aside for {_listed(SNOOZES)} minutes, not {minutes!r}."
        )
    until = now + timedelta(minutes=int(minutes))
    return _step(
        request, case_id, waiting.snooze, onward=True, until=until, reason=request.POST.get("reason", "")
    )


@require_POST
@permission_required(WORK, raise_exception=True)
def wake(request: HttpRequest, case_id: int) -> HttpResponse:
    return _step(request, case_id, waiting.wake)


@require_POST
@permission_required(WORK, raise_exception=True)
def note(request: HttpRequest, case_id: int) -> HttpResponse:
    return _step(request, case_id, waiting.note, text=request.POST.get("note", ""))


@require_POST
@permission_required(WORK, raise_exception=True)
def release(request: HttpRequest, case_id: int) -> HttpResponse:
    return _step(request, case_id, claims.release, to_queue=True)


@require_POST
@permission_required(TAKE_OVER, raise_exception=True)
def take_over(request: HttpRequest, case_id: int) -> HttpResponse:
    return _step(request, case_id, claims.take_over)


@require_POST
@permission_required(SEE, raise_exception=True)
def presence(request: HttpRequest, case_id: int) -> HttpResponse:
    """Keep up one's claim, and tell who else is here: the lease part of the page, for htmx."""
    found, user, now = case_in_scope(request, case_id), person(request), timezone.now()
    if user.has_perm(WORK):
        claims.keep(case_id=case_id, user=user)
    found.refresh_from_db(fields=["owner", "claimed_until", "closed_at"])
    ours = owner_of(found, user, now)
    context = {
        "case": found,
        "owner": ours,
        "is_mine": ours is not None and ours.is_me,
        "viewers": others_at(case_id, user),
        "may_take_over": user.has_perm(TAKE_OVER),
    }
    return TemplateResponse(request, "review/lease.html", context)


@require_POST
@permission_required(WORK, raise_exception=True)
def claim_next(request: HttpRequest) -> HttpResponse:
    """To the first case of the queue that nobody has, claimed; or back to the queue."""
    found = claims.claim_next(user=person(request), scope=scope_of(request), now=timezone.now())
    if found is None:
        messages.info(request, "Nobody waits: every open case is claimed or put aside.")
        return HttpResponseRedirect(reverse("admin:review_queue"))
    return HttpResponseRedirect(reverse("admin:review_case", args=[found.pk]))


@require_POST
@permission_required(WORK, raise_exception=True)
def undo_last(request: HttpRequest, resolution_id: int) -> HttpResponse:
    """Take back what was just done; the case is open again."""
    rows = scope_of(request).narrow(Resolution.objects.all(), "case__booking__restaurant")
    resolution = get_object_or_404(rows, pk=resolution_id)
    try:
        reopened = undo(resolution_id=resolution.pk, user=person(request), now=timezone.now())
    except TooLateError as refusal:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(reverse("admin:review_queue"))
    messages.success(request, f"Undone: {reopened.booking.reference} is in review again. No mail was sent.")
    return HttpResponseRedirect(reverse("admin:review_case", args=[reopened.pk]))


def _resolve(
    request: HttpRequest, case_id: int, step: Step, *, to_queue: bool = False, **options: Any
) -> HttpResponse:
    """End the case, keep the note that was written beside it, and go on to the next one."""
    case_in_scope(request, case_id)
    user, now = person(request), timezone.now()
    written = request.POST.get("note", "")
    try:
        resolution = step(case_id=case_id, user=user, now=now, **options)
    except ConflictError as conflict:
        found = case_in_scope(request, case_id)
        return case_page(
            request, found, now=now, conflict=str(conflict), fixes=conflict.fixes, note=written, status=409
        )
    except CaseError as refusal:
        return _refused(request, case_id, str(refusal), note=written)
    _keep_note(case_id, request, written, now)
    remember(request, resolution)
    if to_queue:
        return HttpResponseRedirect(reverse("admin:review_queue"))
    return _onward(request, case_id)


def _step(
    request: HttpRequest,
    case_id: int,
    step: Step,
    *,
    onward: bool = False,
    to_queue: bool = False,
    **options: Any,
) -> HttpResponse:
    """One action that leaves the case open."""
    case_in_scope(request, case_id)
    try:
        step(case_id=case_id, user=person(request), now=timezone.now(), **options)
    except CaseError as refusal:
        return _refused(request, case_id, str(refusal), note=request.POST.get("note", ""))
    if onward:
        return _onward(request, case_id)
    if to_queue:
        return HttpResponseRedirect(reverse("admin:review_queue"))
    return HttpResponseRedirect(reverse("admin:review_case", args=[case_id]))


def _refused(request: HttpRequest, case_id: int, why: str, *, note: str = "") -> HttpResponse:
    found = case_in_scope(request, case_id)
    return case_page(request, found, now=timezone.now(), conflict=why, note=note, status=409)


def _onward(request: HttpRequest, case_id: int) -> HttpResponse:
    following = _claimed_next(request, case_id)
    if following is None:
        return HttpResponseRedirect(reverse("admin:review_queue"))
    return HttpResponseRedirect(reverse("admin:review_case", args=[following.pk]))


def _claimed_next(request: HttpRequest, case_id: int) -> ReviewCase | None:
    """The next case, claimed here already: two people who go on at once do not meet at one case."""
    user, scope, now = person(request), scope_of(request), timezone.now()
    following = next_case(scope, user, but=case_id)
    if following is None:
        return None
    try:
        return claims.claim(case_id=following.pk, user=user, now=now)
    except CaseError:  # somebody was faster
        return claims.claim_next(user=user, scope=scope, now=now)


def _keep_note(case_id: int, request: HttpRequest, written: str, now: datetime) -> None:
    words = written.replace("\x00", "").strip()
    if words:
        try:
            waiting.note(case_id=case_id, user=person(request), text=words[: waiting.LONGEST_NOTE], now=now)
        except CaseError as refusal:  # closed now, a guest of long ago may be forgotten in between
            messages.warning(request, str(refusal))


def _listed(numbers: tuple[int, ...]) -> str:
    return ", ".join(map(str, numbers))

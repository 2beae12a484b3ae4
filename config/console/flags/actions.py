"""What people do with flags. Every function takes a POST, calls one use case, and leads back to the page."""

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from assignments.flags import proposals
from assignments.flags.errors import FlagError
from assignments.flags.proposals import Done, StaleError
from assignments.models import FlagChange, FlagProposal
from config.access.passwords import is_own_password
from config.console.flag_rights import CHANGE, KILL, check
from config.console.flags.page import Asked, asked_in, flags_page
from config.console.review.rights import person

_EMERGENCY = "Stopped from the console"


@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Make the previewed change, or propose it; 409 with the preview anew if the flags are others by now."""
    check(request, CHANGE)
    asked = asked_in(request.POST, timezone.now())
    if asked.wanted is None:
        return flags_page(request, Asked(refusal=asked.refusal or "Choose a change first."), status=400)
    try:
        done = proposals.change(
            wanted=asked.wanted,
            seen_version=_seen(request),
            reason=asked.reason,
            user=person(request),
            now=timezone.now(),
        )
    except FlagError as refusal:
        return _refused(request, asked, refusal)
    return _onward(request, done)


@require_POST
def kill(request: HttpRequest) -> HttpResponse:
    """Stop V3 everywhere: whatever version was seen, whatever else is open. In production by the password."""
    check(request, KILL)
    reason = _words(request) or _EMERGENCY
    if settings.ENVIRONMENT == "production" and not is_own_password(
        request, request.POST.get("password", "")
    ):
        refusal = "V3 is not stopped: production takes your password, and that was not it."
        return flags_page(request, Asked(reason=reason, refusal=refusal), status=409)
    try:
        made = proposals.kill(reason=reason, user=person(request), now=timezone.now())
    except FlagError as refusal:
        return _refused(request, Asked(reason=reason), refusal)
    if made.changed:
        messages.warning(request, f"V3 is stopped everywhere, version {made.version}. Watch the workers.")
    else:
        messages.info(request, "V3 is stopped already.")
    return HttpResponseRedirect(reverse("admin:flags"))


@require_POST
def roll_back(request: HttpRequest, version: int) -> HttpResponse:
    """Undo one change by a new one."""
    check(request, CHANGE)
    reason = _words(request) or f"Rolled back version {version}"
    try:
        done = proposals.roll_back(
            version=version,
            seen_version=_seen(request),
            reason=reason,
            user=person(request),
            now=timezone.now(),
        )
    except FlagChange.DoesNotExist:
        raise Http404(f"There is no version {version}.") from None
    except FlagError as refusal:
        return _refused(request, Asked(reason=reason), refusal)
    return _onward(request, done)


@require_POST
def approve(request: HttpRequest, proposal_id: int) -> HttpResponse:
    """Carry somebody else's proposal out."""
    _check_second_person(request)
    return _decide(request, proposal_id, _approve)


@require_POST
def reject(request: HttpRequest, proposal_id: int) -> HttpResponse:
    """Turn somebody else's proposal down."""
    _check_second_person(request)
    return _decide(request, proposal_id, _reject)


@require_POST
def withdraw(request: HttpRequest, proposal_id: int) -> HttpResponse:
    """Take one's own back."""
    check(request, CHANGE)
    return _decide(request, proposal_id, _withdraw)


def _approve(request: HttpRequest, proposal_id: int) -> None:
    made = proposals.approve(proposal_id=proposal_id, user=person(request), now=timezone.now())
    if made is None:
        messages.error(request, "Nothing was changed: it would no longer do what it was proposed for.")
    else:
        messages.success(request, f"Approved: version {made.version} is in force.")


def _reject(request: HttpRequest, proposal_id: int) -> None:
    reason = _words(request)
    proposals.reject(proposal_id=proposal_id, reason=reason, user=person(request), now=timezone.now())
    messages.success(request, "Rejected. Who proposed it sees why in the history.")


def _withdraw(request: HttpRequest, proposal_id: int) -> None:
    proposals.withdraw(proposal_id=proposal_id, user=person(request), now=timezone.now())
    messages.success(request, "Withdrawn.")


def _decide(request: HttpRequest, proposal_id: int, step: Callable[[HttpRequest, int], None]) -> HttpResponse:
    try:
        step(request, proposal_id)
    except FlagProposal.DoesNotExist:
        raise Http404(f"There is no proposal {proposal_id}.") from None
    except FlagError as refusal:
        return _refused(request, Asked(), refusal)
    return HttpResponseRedirect(reverse("admin:flags"))


def _check_second_person(request: HttpRequest) -> None:
    """By the person's groups: being an administrator gives no right to approve."""
    check(request)
    if not proposals.may_decide(person(request)):
        raise PermissionDenied("Deciding takes the right to approve changes of flags, held by a group.")


def _onward(request: HttpRequest, done: Done) -> HttpResponse:
    if done.proposal is not None:
        messages.warning(request, "Proposed: it counts once somebody else has approved it.")
    elif done.change is not None and done.change.changed:
        messages.success(request, f"Saved: version {done.change.version} is in force.")
    else:
        messages.info(request, "Nothing to change: the flags are like that already.")
    return HttpResponseRedirect(reverse("admin:flags"))


def _refused(request: HttpRequest, asked: Asked, refusal: FlagError) -> HttpResponse:
    since = refusal.changes if isinstance(refusal, StaleError) else ()
    told = Asked(wanted=asked.wanted, reason=asked.reason, refusal=str(refusal), since=since)
    return flags_page(request, told, status=409)


def _seen(request: HttpRequest) -> int:
    """The version the person decided on; what is no number fits none."""
    seen = request.POST.get("version", "")
    return int(seen) if seen.isdecimal() and len(seen) < 10 else -1


def _words(request: HttpRequest) -> str:
    return request.POST.get("reason", "").replace("\x00", "").strip()

"""Many cases at once: a preview of what would happen to each, then what did."""

from datetime import timedelta

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from assignments.review.bulk import Action, Order, carry_out, chosen
from assignments.review.claims import CaseError
from config.console.local_time import local_time
from config.console.review.rights import BULK, person
from config.console.review.rows import owner_of
from observability.scope import scope_of

#: Verb and what it means, for each action.
ACTIONS: dict[Action, tuple[str, str]] = {
    "claim": ("Claim", "The cases become yours for five minutes."),
    "requeue": ("Requeue", "The coordinator plans each booking again."),
    "snooze": ("Put aside for 15 minutes", "The cases leave the queue until then."),
    "reject": ("Turn down", "Each booking is cancelled, and its guest gets a mail after 10 seconds."),
}


@require_POST
@permission_required(BULK, raise_exception=True)
def bulk(request: HttpRequest) -> HttpResponse:
    """The preview; with `sure` the action, and an outcome for each row."""
    action = _action(request.POST.get("action", ""))
    ids = [int(pk) for pk in request.POST.getlist("case") if pk.isdecimal() and len(pk) < 19][:1_000]
    if action is None or not ids:
        messages.error(request, "Tick at least one case and choose what to do with it.")
        return HttpResponseRedirect(reverse("admin:review_queue"))
    try:
        cases = chosen(ids, scope=scope_of(request))
    except CaseError as refusal:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(reverse("admin:review_queue"))
    user, now = person(request), timezone.now()
    verb, meaning = ACTIONS[action]
    context = {
        **admin.site.each_context(request),
        "title": verb,
        "action": action,
        "meaning": meaning,
        "reason": request.POST.get("reason", "")[:200],
        "rows": [
            (case, local_time(case.booking.start_at, case.booking.restaurant), owner_of(case, user, now))
            for case in cases
        ],
    }
    if "sure" in request.POST:
        order = Order(
            action=action, user=user, now=now, snooze_for=timedelta(minutes=15), reason=context["reason"]
        )
        context["outcomes"] = carry_out(order, cases)
        context["done"] = sum(outcome.is_done for outcome in context["outcomes"])
    return TemplateResponse(request, "review/bulk.html", context)


def _action(text: str) -> Action | None:
    return next((action for action in ACTIONS if action == text), None)

"""Rolling a phase back: one person, one reason, and a page that says what it does."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from assignments.engine.phases import PHASES, PhaseKey
from assignments.models import Phase
from assignments.rollout import rights, rollback
from assignments.rollout.rollback import LEGACY
from config.console.review.rights import person
from config.console.rollout.access import ROLL_BACK, Refusal, carry_out, choice, written
from config.console.rollout.effect import effect


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(ROLL_BACK, raise_exception=True)
def roll_back(request: HttpRequest, number: int) -> HttpResponse:
    """What it would do; POST does it."""
    stay = get_object_or_404(Phase.objects.select_related("policy", "cohort"), number=number)
    if request.method != "POST":
        return _page(request, stay, None)

    def deed() -> Model:
        wanted = request.POST.get("to", "")
        to = LEGACY if wanted == LEGACY else choice(PhaseKey, wanted, "phase") if wanted else None
        by = rights.author_of(person(request))
        done = rollback.roll_back(
            phase=stay, reason=written(request, "reason"), by=by, now=timezone.now(), to=to
        )
        return done.incident

    refused = carry_out(request, "roll_back", deed, "Rolled back.")
    if refused:
        return _page(request, stay, refused)
    messages.success(request, "Rolled back. The flags are set, an incident is open, the signers are told.")
    return HttpResponseRedirect(reverse("admin:rollout"))


def _page(request: HttpRequest, stay: Phase, refused: Refusal | None) -> HttpResponse:
    facts = PHASES[PhaseKey(stay.key)]
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": f"Roll back {stay.get_key_display()}",
        "phase": stay,
        "refused": refused,
        "effect": effect(stay, facts.rollback_to, now=timezone.now()),
        "pending": stay.sign_offs.filter(closed_at__isnull=True).first(),
        "legacy": LEGACY,
        "to_legacy": facts.rollback_to is None,
    }
    return TemplateResponse(request, "rollout/roll_back.html", context, status=409 if refused else 200)

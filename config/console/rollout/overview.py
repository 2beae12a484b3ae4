"""The rollout at a glance: which step, what holds it, who guards it, and the records' head."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from assignments.engine.phases import PHASES, PhaseKey
from assignments.models import FlagState, ImportedEvidence, Incident, Phase
from assignments.rollout import ledger, phases
from config.console.review.rights import person
from config.console.rollout import evaluated, history
from config.console.rollout.access import SEE, Refusal, rights_of
from config.console.rollout.evaluated import when
from config.console.rollout.guard_words import guard_words
from config.console.rollout.sentences import headline
from config.console.rollout.track import keys_here, step_number, track


@require_safe
@permission_required(SEE, raise_exception=True)
def overview(request: HttpRequest) -> HttpResponse:
    return overview_page(request)


def overview_page(request: HttpRequest, refused: Refusal | None = None) -> HttpResponse:
    """The page, with what was refused if anything was."""
    now = timezone.now()
    stays = list(Phase.objects.order_by("number"))
    current = phases.current()
    killed = FlagState.objects.filter(killed=True).exists()
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": "Rollout",
        "current": current,
        "track": track(stays, now=now),
        "steps": len(keys_here()),
        "killed": killed,
        "pins": [(flag, str(value).lower(), where) for flag, (value, where) in phases.pinned().items()],
        "open_incidents": list(Incident.objects.filter(closed_at__isnull=True).order_by("severity")[:10]),
        "head": ledger.head(),
        "log": history.newest(),
        "imported": list(ImportedEvidence.objects.select_related("imported_by")[:10]),
        "stays": [(stay, when(stay.entered_at)) for stay in reversed(stays)][:20],
        "rights": {right.partition(".")[2] for right in rights_of(person(request))},
        "refused": refused,
        "first": [(key.value, PHASES[key].title) for key in _startable()],
        "needs_evidence": settings.ENVIRONMENT == "production",
        "rehearsal": settings.ENVIRONMENT == phases.LOCAL,
    }
    if current is not None:
        state = evaluated.state_of(current, now=now)
        context |= {
            "headline": headline(state.standing),
            "step": step_number(current)[0],
            "guard": guard_words(current, now=now),
            "sign_off": state.sign_off,
            "judged_at": when(state.judged.at) if state.judged else "",
        }
    return TemplateResponse(request, "rollout/overview.html", context, status=409 if refused else 200)


def _startable() -> list[PhaseKey]:
    """Where the rollout may start: at its first phase, locally at any."""
    keys = keys_here()
    return keys if settings.ENVIRONMENT == phases.LOCAL else keys[:1]

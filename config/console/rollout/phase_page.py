"""One phase: what is blocked, why, what would unblock it, and the figures behind that."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from assignments.models import FlagState, IncidentSeverity, Phase, Remark, SignOff
from assignments.rollout import phases, policies
from config.console.review.rights import person
from config.console.rollout import compared, evaluated
from config.console.rollout.access import SEE, Refusal, rights_of
from config.console.rollout.evaluated import Judged, when
from config.console.rollout.gate_rows import gates
from config.console.rollout.guard_words import guard_words
from config.console.rollout.history import log_of
from config.console.rollout.sentences import Headline, conditions, headline
from config.console.rollout.track import step_number, track

_LEFT = {
    "proceeded": Headline(
        tone="good", icon="ok", says="Left forwards, by sign-off.", then="Its figures are those last seen."
    ),
    "rolled_back": Headline(
        tone="critical", icon="undo", says="Rolled back.", then="The records below say why and by whom."
    ),
}


@require_safe
@permission_required(SEE, raise_exception=True)
def phase(request: HttpRequest, number: int) -> HttpResponse:
    """The page; what it reads does not grow with bookings, restaurants or records."""
    return phase_page(request, number)


def phase_page(request: HttpRequest, number: int, refused: Refusal | None = None) -> HttpResponse:
    """The same with what was refused, 409, its input kept."""
    now = timezone.now()
    stay = get_object_or_404(Phase.objects.select_related("policy", "cohort"), number=number)
    state = evaluated.state_of(stay, now=now)
    step, steps = step_number(stay)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": stay.get_key_display(),
        "phase": stay,
        "step": step,
        "steps": steps,
        "entered": when(stay.entered_at),
        "rehearsal": phases.is_rehearsal(stay),
        "headline": _LEFT[stay.left_how] if stay.left_how else headline(state.standing),
        "conditions": conditions(state.standing),
        "track": track(list(Phase.objects.order_by("number")), now=now),
        "checklist": state.checklist,
        "open_incidents": state.open_incidents,
        "incidents": list(stay.incidents.order_by("-opened_at")[:8]),
        "sign_off": state.sign_off,
        "signed": {s.role: s for s in state.sign_off.signatures.all()} if state.sign_off else {},
        "past_sign_offs": _past(stay),
        "holders": evaluated.holders(stay),
        "standing": state.standing,
        "log": log_of(stay),
        "rights": _names(rights_of(person(request))),
        "refused": refused,
        "severities": IncidentSeverity.choices,
        "issues": list(
            stay.known_issues.select_related("opened_by").order_by("closed_at", "-opened_at")[:20]
        ),
        "remarks": list(stay.remarks.select_related("author").order_by("-created_at")[:20]),
        "kinds": Remark.Kind.choices,
        "newer_policy": _newer_policy(stay),
        "limit": FlagState.objects.values_list("max_parallel", flat=True).first(),
    }
    if stay.left_at is None:
        context["guard"] = guard_words(stay, now=now)
    if state.judged is not None:
        context |= _figures(stay, state.judged)
    return TemplateResponse(request, "rollout/phase.html", context, status=409 if refused else 200)


def _figures(stay: Phase, judged: Judged) -> dict[str, Any]:
    seen = judged.seen
    under_way = stay.left_at is None
    drawn = compared.trends(judged.demands, now=judged.at, path=seen.path) if under_way else {}
    return {
        "gates": gates(
            judged.demands.gates, judged.inputs, judged.results, drawn, per_hour=evaluated.pace(judged)
        ),
        "bookings": f"{seen.reached.bookings:,}",
        "differences": compared.differences(seen.window),
        "classes": compared.classes(seen.coverage),
        "outliers": compared.outliers(seen),
        "judged_at": when(judged.at),
        "looks": len(judged.looks),
    }


def _past(stay: Phase) -> list[SignOff]:
    closed = stay.sign_offs.filter(closed_at__isnull=False).select_related("proposed_by")
    return list(closed.order_by("-closed_at")[:8])


def _newer_policy(stay: Phase) -> int | None:
    """The version that the phase could adopt."""
    if stay.left_at is not None:
        return None
    newest = policies.newest(stay.key)
    return newest.version if newest and newest.pk != stay.policy_id else None


def _names(rights: frozenset[str]) -> set[str]:
    """Without the app, as templates ask for them."""
    return {right.partition(".")[2] for right in rights}

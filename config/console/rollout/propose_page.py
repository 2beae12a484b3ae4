"""Proposing a decision on the newest evidence, which its form names by digest."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from assignments.models import Decision, Phase, SignOff
from assignments.rollout import grounds, signoffs
from assignments.rollout import phases as stays
from assignments.rollout.errors import Code, RolloutError
from config.console.elapsed import elapsed
from config.console.review.rights import person
from config.console.rollout import evaluated
from config.console.rollout.access import PROPOSE, Refusal, carry_out, choice, written
from config.console.rollout.effect import effect
from config.console.rollout.evidence_rows import evidence_rows
from config.console.rollout.sentences import conditions


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(PROPOSE, raise_exception=True)
def propose(request: HttpRequest, number: int) -> HttpResponse:
    """The newest evidence and what to do with it; POST puts it to the signers."""
    stay = get_object_or_404(Phase.objects.select_related("policy", "cohort"), number=number)
    if request.method != "POST":
        return _propose_page(request, stay, None)
    made: list[SignOff] = []

    def deed() -> Model:
        made.append(_proposed(request, stay))
        return made[0]

    refused = carry_out(request, "propose", deed, "Proposed a decision.")
    if refused:
        return _propose_page(request, stay, refused)
    return HttpResponseRedirect(reverse("admin:rollout_sign_off", args=[made[0].pk]))


def _proposed(request: HttpRequest, stay: Phase) -> SignOff:
    raw = request.POST.get("snapshot", "")
    snapshot = stay.snapshots.filter(pk=int(raw) if raw.isdecimal() and len(raw) < 10 else 0).first()
    if snapshot is None or request.POST.get("digest") != snapshot.digest:
        raise RolloutError(Code.STALE, "The form does not name the evidence it showed: look again.")
    return signoffs.propose(
        phase=stay,
        snapshot=snapshot,
        decision=choice(Decision, request.POST.get("decision", ""), "decision"),
        reason=written(request, "reason"),
        by=person(request),
        now=timezone.now(),
    )


def _propose_page(request: HttpRequest, stay: Phase, refused: Refusal | None) -> HttpResponse:
    now = timezone.now()
    snapshot = grounds.newest_snapshot(stay)
    fresh = snapshot is not None and now - snapshot.taken_at <= grounds.OLDEST
    state = evaluated.state_of(stay, now=now, evidence=snapshot if fresh else None)
    following = stays.next_of(stay)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": "Propose a decision",
        "phase": stay,
        "refused": refused,
        "snapshot": snapshot,
        "evidence": evidence_rows(stay, snapshot, {}) if snapshot else [],
        "age": elapsed(now - snapshot.taken_at) if snapshot else "",
        "fresh": fresh,
        "conditions": conditions(state.standing)[:-1],
        "effect": effect(stay, following, now=now) if following else None,
        "back_title": state.standing.back_title,
        "open_sign_off": state.sign_off,
        "signers": state.standing.signers,
    }
    return TemplateResponse(request, "rollout/propose.html", context, status=409 if refused else 200)

"""The thresholds of a phase's gates: what is in force, how it came to be, and a form to write the next."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from assignments.engine.gates.defaults import default_policy
from assignments.engine.gates.policy import Phase as Demands
from assignments.engine.gates.rules import GateRule, Kind
from assignments.engine.gates.wording import figure
from assignments.engine.phases import PHASES, PhaseKey
from assignments.models import GatePolicy
from assignments.rollout import phases, policies, rights
from assignments.rollout.errors import Code, RolloutError
from config.console.review.rights import person
from config.console.rollout.access import EDIT_POLICY, SEE, Refusal, carry_out, rights_of, written
from config.console.rollout.gate_rows import limit_words

#: Thresholds that people write in percent or points.
_PERCENT = {Kind.RATE_AT_LEAST, Kind.RATE_BELOW, Kind.NON_INFERIOR, Kind.RATIO_WITHIN}
#: Kinds without a threshold of their own to change.
_FIXED = {Kind.FACT, Kind.NOT_LOWER, Kind.NOT_HIGHER}


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleRow:
    """A gate with its threshold as people write it: percent, ms, hours or a count."""

    key: str
    title: str
    limit: str
    value: str
    unit: str
    fixed: bool


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(SEE, raise_exception=True)
def policy(request: HttpRequest, phase_key: str) -> HttpResponse:
    """The page; POST writes a new version, which a phase under way takes up only by adopting it."""
    if phase_key not in set(PhaseKey):
        raise Http404(f"There is no phase {phase_key}.")
    wanted = PhaseKey(phase_key)
    if request.method != "POST":
        return _page(request, wanted, None)
    if not request.user.has_perm(EDIT_POLICY):
        raise PermissionDenied("Editing a policy takes the right to: an engineering lead or manager has it.")

    def deed() -> Model:
        now = timezone.now()
        known = policies.demanded(policies.current(wanted, now=now))
        rules = [_edited(rule, request.POST.get(rule.key)) for rule in known.gates]
        reason, by = written(request, "reason"), rights.author_of(person(request))
        return policies.edit(wanted, rules, reason=reason, by=by, now=now)

    refused = carry_out(request, "policy", deed, "Edited the policy.")
    if refused:
        return _page(request, wanted, refused)
    messages.success(
        request, "A new version is written. A phase under way is judged by it once it adopts it."
    )
    return HttpResponseRedirect(reverse("admin:rollout_policy", args=[phase_key]))


def _page(request: HttpRequest, key: PhaseKey, refused: Refusal | None) -> HttpResponse:
    versions = list(GatePolicy.objects.filter(phase=key).order_by("-version")[:20])
    demands = policies.demanded(versions[0]) if versions else default_policy().phase(key)
    current = phases.current()
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": f"Policy of {PHASES[key].title}",
        "key": key.value,
        "phase_title": PHASES[key].title,
        "versions": versions,
        "rows": list(_rows(demands, refused)),
        "refused": refused,
        "may_edit": EDIT_POLICY in rights_of(person(request)),
        "in_force": current.policy_id if current and current.key == key else None,
        "current": current,
        "phases": [(known.value, facts.title) for known, facts in PHASES.items()],
    }
    return TemplateResponse(request, "rollout/policy.html", context, status=409 if refused else 200)


def _rows(demands: Demands, refused: Refusal | None) -> Iterator[RuleRow]:
    for rule in demands.gates:
        scale, unit = _scale(rule)
        kept = refused.kept.get(rule.key) if refused else None
        yield RuleRow(
            key=rule.key,
            title=rule.title,
            limit=limit_words(rule),
            value=figure(rule.threshold * scale, 6).replace(",", "") if kept is None else kept,
            unit=unit,
            fixed=rule.kind in _FIXED,
        )


def _edited(rule: GateRule, text: str | None) -> GateRule:
    """The rule with the threshold that was written. Raises RolloutError, naming value and way out."""
    if text is None or rule.kind in _FIXED:
        return rule
    scale, unit = _scale(rule)
    try:
        threshold = Fraction(text.strip().replace(",", ".")[:20]) / scale
        return replace(rule, threshold=threshold)
    except (ValueError, ZeroDivisionError) as error:
        raise RolloutError(
            Code.BAD_POLICY,
            f"{rule.title}: {text.strip()[:20]!r} is refused; give a number in {unit or 'whole counts'}, "
            f"such as {figure(rule.threshold * scale)}"
            + (", between 0 and 100." if rule.kind in _PERCENT else ", 0 or more."),
        ) from error


def _scale(rule: GateRule) -> tuple[Fraction, str]:
    if rule.kind in _PERCENT:
        return Fraction(100), "%"
    if rule.relative:
        return Fraction(100), "% of before"
    if rule.kind is Kind.FLOOR and rule.unit == "s":
        return Fraction(1, 3600), "hours"
    if rule.kind is Kind.COUNT_BELOW:
        return Fraction(1), "or more fail"
    return Fraction(1), rule.unit

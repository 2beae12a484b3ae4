"""A sign-off: signing it, taking a gate on, taking it back, and what became of it; bound by its digest."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from assignments.engine.phases import PHASES, PhaseKey, Role
from assignments.flags.errors import FlagError
from assignments.models import Decision, Signature, SignOff, SignOffEnd
from assignments.rollout import phases as stays
from assignments.rollout import rights, signers, signoffs
from assignments.rollout.errors import Code, RolloutError
from assignments.rollout.gates import looking
from config.access.passwords import is_own_password
from config.console.elapsed import elapsed
from config.console.review.rights import person
from config.console.rollout import evaluated
from config.console.rollout.access import (
    OVERRIDE,
    PROPOSE,
    SEE,
    Refusal,
    carry_out,
    choice,
    log,
    may_sign,
    refusal,
    rights_of,
    written,
)
from config.console.rollout.effect import effect
from config.console.rollout.evaluated import when
from config.console.rollout.evidence_rows import evidence_rows


@dataclass(frozen=True, kw_only=True, slots=True)
class RoleRow:
    """A role that signs: who holds it, who signed, and why this person cannot."""

    role: str
    holders: str
    signature: Signature | None
    impediments: tuple[str, ...]
    may_sign: bool


@require_safe
@permission_required(SEE, raise_exception=True)
def sign_off(request: HttpRequest, sign_off_id: int) -> HttpResponse:
    return _page(request, sign_off_id, None)


@require_POST
@permission_required(SEE, raise_exception=True)
def sign(request: HttpRequest, sign_off_id: int) -> HttpResponse:
    """Give one's word, or refuse it with a reason; the last signature needed decides.

    Not in one transaction with its log: a decision looks afresh before it takes its locks.
    """
    if not may_sign(request):
        raise PermissionDenied("Signing takes one of the roles that sign.")
    pending = get_object_or_404(SignOff, pk=sign_off_id)
    user = person(request)
    approves = request.POST.get("answer") == "sign"
    try:
        signed = signoffs.sign(
            pending,
            role=choice(Role, request.POST.get("role", ""), "role"),
            user=user,
            approves=approves,
            reason=written(request, "reason"),
            digest=request.POST.get("digest", ""),
            reauthenticated=_reauthenticated(request),
            now=timezone.now(),
            look=looking.take,
        )
    except (RolloutError, FlagError) as error:
        return _page(request, sign_off_id, refusal(request, "sign", error))
    log(request, pending, "Signed." if approves else "Rejected.")
    _tell(request, signed)
    return _to(sign_off_id)


@require_POST
@permission_required(OVERRIDE, raise_exception=True)
def override(request: HttpRequest, sign_off_id: int) -> HttpResponse:
    """Take on a gate that is not settled."""
    gate = request.POST.get("gate", "")

    def deed(pending: SignOff, user: User, now: datetime) -> Model:
        return signoffs.override(pending, gate=gate, user=user, reason=written(request, "reason"), now=now)

    return _on(request, sign_off_id, "override", deed, f"Took on the gate {gate[:40]}.")


@require_POST
@permission_required(PROPOSE, raise_exception=True)
def withdraw(request: HttpRequest, sign_off_id: int) -> HttpResponse:
    """Take one's own proposal back."""

    def deed(pending: SignOff, user: User, now: datetime) -> Model:
        return signoffs.withdraw(pending, user=user, reason=written(request, "reason"), now=now)

    return _on(request, sign_off_id, "withdraw", deed, "Withdrew the proposal.")


def _page(request: HttpRequest, sign_off_id: int, refused: Refusal | None) -> HttpResponse:
    now = timezone.now()
    rows = SignOff.objects.select_related("phase__policy", "phase__cohort", "snapshot", "proposed_by")
    pending = get_object_or_404(rows, pk=sign_off_id)
    overrides = {row.gate: f"{row.user}: {row.reason}" for row in pending.overrides.select_related("user")}
    user = person(request)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": f"{pending.get_decision_display()}: {pending.phase.get_key_display()}",
        "sign_off": pending,
        "phase": pending.phase,
        "refused": refused,
        "evidence": evidence_rows(pending.phase, pending.snapshot, overrides),
        "overrides": overrides,
        "snapshot_age": elapsed(max(timedelta(0), now - pending.snapshot.taken_at)),
        "taken": when(pending.snapshot.taken_at),
        "opened": when(pending.opened_at),
        "closed": when(pending.closed_at) if pending.closed_at else "",
        "roles": _roles(pending, user),
        "effect": effect(pending.phase, _target(pending), now=now) if _changes(pending) else None,
        "asks_password": settings.ENVIRONMENT == "production",
        "rights": {right.partition(".")[2] for right in rights_of(user)},
        "own": pending.proposed_by_id == user.pk,
        "rehearsal": stays.is_rehearsal(pending.phase),
        "others": list(pending.phase.sign_offs.exclude(pk=pending.pk).order_by("-opened_at")[:10]),
    }
    return TemplateResponse(request, "rollout/sign_off.html", context, status=409 if refused else 200)


def _roles(pending: SignOff, user: User) -> list[RoleRow]:
    """Who signs in which role; what keeps this person from it is told, unless it is simply not theirs."""
    given = {signature.role: signature for signature in pending.signatures.select_related("user")}
    held = set(rights.may_sign_as(user))
    return [
        _role(pending, Role(role), names, given.get(role), user if Role(role) in held else None)
        for role, names in evaluated.holders(pending.phase).items()
    ]


def _role(
    pending: SignOff, role: Role, names: list[str], signature: Signature | None, holder: User | None
) -> RoleRow:
    open_ = pending.closed_at is None and signature is None
    faults = [text for _, text in signers.faults_of_person(pending, role, holder)] if holder and open_ else []
    return RoleRow(
        role=role.value,
        holders=", ".join(names) or "nobody yet",
        signature=signature,
        impediments=tuple(faults),
        may_sign=holder is not None and open_ and not faults,
    )


def _reauthenticated(request: HttpRequest) -> bool:
    """Whether the password was given once more, and is right. Raises RolloutError for a wrong one."""
    password = request.POST.get("password", "")
    if not password:
        return False
    if not is_own_password(request, password):
        raise RolloutError(Code.PASSWORD, "That is not your password: nothing was signed.")
    return True


def _tell(request: HttpRequest, signed: SignOff) -> None:
    if signed.ended == SignOffEnd.VOIDED:
        messages.error(request, f"The sign-off was voided: {signed.ended_why}")
    elif signed.ended == SignOffEnd.REJECTED:
        messages.warning(request, "Rejected. Nothing goes on by this proposal.")
    elif signed.ended == SignOffEnd.DECIDED:
        messages.success(request, f"Decided: {signed.get_decision_display().lower()}. It is carried out.")
    else:
        missing = ", ".join(signers.missing_roles(signed))
        messages.success(request, f"Signed. Still to sign: {missing}.")


def _changes(pending: SignOff) -> bool:
    return pending.closed_at is None and (
        pending.target is not None or pending.decision == Decision.ROLL_BACK
    )


def _target(pending: SignOff) -> PhaseKey | None:
    return PHASES[PhaseKey(pending.target)].key if pending.target else None


def _on(
    request: HttpRequest,
    sign_off_id: int,
    form: str,
    deed: Callable[[SignOff, User, datetime], Model],
    what: str,
) -> HttpResponse:
    pending = get_object_or_404(SignOff, pk=sign_off_id)
    refused = carry_out(request, form, lambda: deed(pending, person(request), timezone.now()), what)
    if refused:
        return _page(request, sign_off_id, refused)
    messages.success(request, what)
    return _to(sign_off_id)


def _to(sign_off_id: int) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("admin:rollout_sign_off", args=[sign_off_id]))

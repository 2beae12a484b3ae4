"""What people do to a phase. Every function takes a POST, calls one use case, and leads back to its page."""

import re
from collections.abc import Callable
from datetime import datetime
from tempfile import TemporaryFile

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import User
from django.db.models import Model
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from assignments.engine.phases import PhaseKey
from assignments.models import IncidentSeverity, Phase, Remark
from assignments.rollout import checklists, known_issues, phases, policies, ramp, remarks, rights
from assignments.rollout.errors import Code, RolloutError
from assignments.rollout.evidence import bundle, imports
from assignments.rollout.gates import looking
from config.console.review.rights import person
from config.console.rollout.access import EDIT_POLICY, PROPOSE, WORK, Refusal, carry_out, choice, log, written
from config.console.rollout.overview import overview_page
from config.console.rollout.phase_page import phase_page

#: Bundles are read whole; larger ones are refused before.
LARGEST_BUNDLE = 64 * 1024 * 1024

#: A deed on a stay: gets it, who asks, and when.
Deed = Callable[[Phase, User, datetime], Model]


@require_POST
@permission_required(PROPOSE, raise_exception=True)
def start(request: HttpRequest) -> HttpResponse:
    """Enter the first phase."""

    def deed() -> Phase:
        key = choice(PhaseKey, request.POST.get("key", ""), "phase")
        return phases.enter_first(key, by=rights.author_of(person(request)), now=timezone.now())

    refused = carry_out(request, "start", deed, "Started the rollout.")
    return overview_page(request, refused) if refused else _to("admin:rollout")


@require_POST
@permission_required(PROPOSE, raise_exception=True)
def import_evidence(request: HttpRequest) -> HttpResponse:
    """Take in another deployment's bundle, with the head of its chain as its own console shows it."""

    def deed() -> Model:
        upload = request.FILES.get("bundle")
        if upload is None or upload.size is None or upload.size > LARGEST_BUNDLE:
            raise RolloutError(
                Code.NO_EVIDENCE, f"Choose the bundle, a zip file of at most {LARGEST_BUNDLE >> 20} MB."
            )
        head = re.sub(r"\s", "", request.POST.get("chain_head", "")).lower()
        by = rights.author_of(person(request))
        return imports.take_in(upload.read(), chain_head=head, by=by, now=timezone.now())

    refused = carry_out(request, "import", deed, "Imported evidence.")
    if refused is None:
        messages.success(request, "The bundle holds and was imported.")
    return overview_page(request, refused) if refused else _to("admin:rollout")


@require_POST
@permission_required(PROPOSE, raise_exception=True)
def raise_parallel(request: HttpRequest, number: int) -> HttpResponse:
    """One run more at once for each restaurant."""

    def deed(stay: Phase, user: User, now: datetime) -> Phase:
        ramp.raise_parallel(by=rights.author_of(user), now=now)
        return stay

    return _on_phase(request, number, "parallel", deed, "Raised the limit of runs at once.")


@require_POST
@permission_required(WORK, raise_exception=True)
def tick(request: HttpRequest, number: int) -> HttpResponse:
    """Tick an item of the checklist, or take the tick back."""
    item, done = request.POST.get("item", ""), request.POST.get("done") != "no"

    def deed(stay: Phase, user: User, now: datetime) -> Model:
        note = written(request, "note")
        return checklists.tick(phase=stay, item=item, done=done, note=note, user=user, now=now)

    what = f"{'Ticked' if done else 'Took the tick back'}: {item}."
    return _on_phase(request, number, "tick", deed, what, anchor="checklist")


@require_POST
@permission_required(WORK, raise_exception=True)
def remark(request: HttpRequest, number: int) -> HttpResponse:
    """Write a note or the retrospective."""

    def deed(stay: Phase, user: User, now: datetime) -> Model:
        kind = choice(Remark.Kind, request.POST.get("kind", ""), "kind of note")
        return remarks.write(phase=stay, kind=kind, text=written(request, "text"), user=user, now=now)

    return _on_phase(request, number, "remark", deed, "Wrote a note.", anchor="notes")


@require_POST
@permission_required(WORK, raise_exception=True)
def note_issue(request: HttpRequest, number: int) -> HttpResponse:
    """Write down a fault that is lived with."""

    def deed(stay: Phase, user: User, now: datetime) -> Model:
        return known_issues.note(
            severity=choice(IncidentSeverity, request.POST.get("severity", ""), "severity"),
            title=written(request, "title"),
            owner=written(request, "owner"),
            phase=stay,
            user=user,
            now=now,
        )

    return _on_phase(request, number, "issue", deed, "Noted a known issue.", anchor="issues")


@require_POST
@permission_required(WORK, raise_exception=True)
def resolve_issue(request: HttpRequest, number: int) -> HttpResponse:
    """Close a known issue with how it ended."""

    def deed(stay: Phase, user: User, now: datetime) -> Model:
        raw = request.POST.get("issue", "")
        known = stay.known_issues.filter(pk=int(raw) if raw.isdecimal() and len(raw) < 10 else 0).first()
        if known is None:
            raise RolloutError(Code.UNKNOWN, f"This phase has no known issue {raw[:10]!r}: look at its list.")
        return known_issues.resolve(known, resolution=written(request, "resolution"), user=user, now=now)

    return _on_phase(request, number, "resolve", deed, "Resolved a known issue.", anchor="issues")


@require_POST
@permission_required(EDIT_POLICY, raise_exception=True)
def adopt(request: HttpRequest, number: int) -> HttpResponse:
    """Have the phase judged by the newest version of its policy."""

    def deed(stay: Phase, user: User, now: datetime) -> Model:
        reason = written(request, "reason")
        return policies.adopt(stay, reason=reason, by=rights.author_of(user), now=now)

    return _on_phase(request, number, "adopt", deed, "Adopted the newest policy.")


@require_POST
@permission_required(WORK, raise_exception=True)
def download(request: HttpRequest, number: int) -> HttpResponseBase:
    """The evidence bundle of a phase, written anew; that it was is on record."""
    stay = get_object_or_404(Phase.objects.select_related("policy", "cohort"), number=number)
    file = TemporaryFile()  # noqa: SIM115 - the response closes it
    exported = bundle.write(stay, file, by=rights.author_of(person(request)), now=timezone.now())
    log(request, stay, f"Wrote the evidence bundle, chain head {exported.chain_head[:12]}.")
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=exported.name, content_type="application/zip")


@require_POST
@permission_required(PROPOSE, raise_exception=True)
def look(request: HttpRequest, number: int) -> HttpResponse:
    """Measure everything and keep it, to propose on."""

    def deed(stay: Phase, _user: User, now: datetime) -> Model:
        return looking.take(stay, now)

    done = _on_phase(request, number, "look", deed, "Took a look.")
    return _to("admin:rollout_propose", number) if done.status_code == 302 else done


def _on_phase(
    request: HttpRequest, number: int, form: str, deed: Deed, what: str, *, anchor: str = ""
) -> HttpResponse:
    """Do it to the stay of that number; a refusal shows its page with what was filled in."""
    stay = get_object_or_404(Phase.objects.select_related("policy", "cohort"), number=number)
    refused: Refusal | None = carry_out(
        request, form, lambda: deed(stay, person(request), timezone.now()), what
    )
    if refused:
        return phase_page(request, number, refused)
    messages.success(request, what)
    return HttpResponseRedirect(
        reverse("admin:rollout_phase", args=[number]) + (f"#h-{anchor}" if anchor else "")
    )


def _to(name: str, *args: int) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse(name, args=args))

"""Incidents and complaints: told, listed, closed with what became of them."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from assignments.models import Incident, IncidentSeverity
from assignments.rollout import incidents, phases, rights
from config.console.review.rights import person
from config.console.rollout.access import SEE, WORK, Refusal, carry_out, choice, rights_of, written

PAGE_SIZE = 25


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(SEE, raise_exception=True)
def incidents_list(request: HttpRequest) -> HttpResponse:
    """The list; POST tells of a new one."""
    if request.method != "POST":
        return _page(request, None)
    if not request.user.has_perm(WORK):
        raise PermissionDenied("Telling of an incident takes the right to work on the rollout.")

    def deed() -> Model:
        return incidents.report(
            severity=choice(IncidentSeverity, request.POST.get("severity", ""), "severity"),
            title=written(request, "title"),
            detail=written(request, "detail")[:4000],
            phase=phases.current(),
            by=rights.author_of(person(request)),
            now=timezone.now(),
        )

    return _after(request, carry_out(request, "report", deed, "Opened an incident."), "Incident opened.")


@require_POST
@permission_required(WORK, raise_exception=True)
def close_incident(request: HttpRequest, incident_id: int) -> HttpResponse:
    """Close it with what became of it."""
    incident = get_object_or_404(Incident, pk=incident_id)

    def deed() -> Model:
        resolution = written(request, "resolution")
        return incidents.close(incident, resolution=resolution, user=person(request), now=timezone.now())

    refused = carry_out(request, f"close-{incident_id}", deed, "Closed.")
    return _after(request, refused, f"INC-{incident_id} closed.")


def _after(request: HttpRequest, refused: Refusal | None, what: str) -> HttpResponse:
    if refused:
        return _page(request, refused)
    messages.success(request, what)
    return HttpResponseRedirect(reverse("admin:rollout_incidents"))


def _page(request: HttpRequest, refused: Refusal | None) -> HttpResponse:
    rows = Incident.objects.select_related("phase", "opened_by", "closed_by")
    state, severity = request.GET.get("state", ""), request.GET.get("severity", "")
    if state in ("open", "closed"):
        rows = rows.filter(closed_at__isnull=state == "open")
    if severity in IncidentSeverity.values:
        rows = rows.filter(severity=severity)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": "Incidents",
        "page": Paginator(rows.order_by("closed_at", "-opened_at"), PAGE_SIZE).get_page(request.GET.get("p")),
        "open_count": Incident.objects.filter(closed_at__isnull=True).count(),
        "state": state,
        "severity": severity,
        "severities": IncidentSeverity.choices,
        "refused": refused,
        "may_work": WORK in rights_of(person(request)),
        "current": phases.current(),
    }
    return TemplateResponse(request, "rollout/incidents.html", context, status=409 if refused else 200)

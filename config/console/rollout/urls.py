"""Addresses of the rollout's pages, each behind the site's own check."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, path

from config.console.rollout import actions, sign_off_page
from config.console.rollout.incidents_page import close_incident, incidents_list
from config.console.rollout.overview import overview
from config.console.rollout.phase_page import phase
from config.console.rollout.policy_page import policy
from config.console.rollout.propose_page import propose
from config.console.rollout.roll_back_page import roll_back
from observability.scope import scope_of

View = Callable[..., HttpResponseBase]

#: What is done to a stay by a POST: end of the address, name, view.
_STEPS: tuple[tuple[str, str, View], ...] = (
    ("look", "look", actions.look),
    ("parallel", "parallel", actions.raise_parallel),
    ("tick", "tick", actions.tick),
    ("notes", "remark", actions.remark),
    ("issues", "issue", actions.note_issue),
    ("issues/resolve", "issue_resolve", actions.resolve_issue),
    ("adopt", "adopt", actions.adopt),
    ("bundle", "bundle", actions.download),
)


def rollout_urls(admin_view: Callable[[View], Any]) -> list[URLPattern]:
    """Pages behind the site's `admin_view`, for people who work for every restaurant."""

    def guard(view: View) -> Any:
        return admin_view(_of_all(view))

    stay, sign_off = "rollout/phases/<int:number>/", "rollout/sign-offs/<int:sign_off_id>/"
    return [
        path("rollout/", guard(overview), name="rollout"),
        path("rollout/start/", guard(actions.start), name="rollout_start"),
        path("rollout/import/", guard(actions.import_evidence), name="rollout_import"),
        path(stay, guard(phase), name="rollout_phase"),
        path(f"{stay}propose/", guard(propose), name="rollout_propose"),
        path(f"{stay}roll-back/", guard(roll_back), name="rollout_roll_back"),
        *(path(f"{stay}{end}/", guard(view), name=f"rollout_{name}") for end, name, view in _STEPS),
        path(sign_off, guard(sign_off_page.sign_off), name="rollout_sign_off"),
        path(f"{sign_off}sign/", guard(sign_off_page.sign), name="rollout_sign"),
        path(f"{sign_off}override/", guard(sign_off_page.override), name="rollout_override"),
        path(f"{sign_off}withdraw/", guard(sign_off_page.withdraw), name="rollout_withdraw"),
        path("rollout/incidents/", guard(incidents_list), name="rollout_incidents"),
        path(
            "rollout/incidents/<int:incident_id>/close/", guard(close_incident), name="rollout_incident_close"
        ),
        path("rollout/policies/<str:phase_key>/", guard(policy), name="rollout_policy"),
    ]


def _of_all(view: View) -> View:
    """Incidents, notes and records may name any restaurant: refuses whoever works for some only."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not scope_of(request).is_everything:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded

"""Who may see metrics and events: of their own restaurants, or of all."""

from django.http import HttpRequest

from observability.scope import scope_of

SEE = "observability.view_event"
EXPORT = "observability.export_event"
SEE_PHASES = "assignments.view_phase"


def may_see_metrics(request: HttpRequest) -> bool:
    return request.user.has_perm(SEE)


def may_see_phases(request: HttpRequest) -> bool:
    """As the rollout's pages ask: phases are of every restaurant."""
    return request.user.has_perm(SEE_PHASES) and scope_of(request).is_everything

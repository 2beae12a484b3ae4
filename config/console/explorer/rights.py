"""Who may see metrics and events: of their own restaurants, or of all."""

from django.http import HttpRequest

SEE = "observability.view_event"
EXPORT = "observability.export_event"


def may_see_metrics(request: HttpRequest) -> bool:
    return request.user.has_perm(SEE)

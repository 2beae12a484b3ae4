"""Who may see and acknowledge alerts. They tell of all restaurants together, so seeing them takes all."""

from django.http import HttpRequest

from observability.scope import scope_of

SEE = "observability.view_alert"
ACKNOWLEDGE = "observability.acknowledge_alert"


def may_see_alerts(request: HttpRequest) -> bool:
    return request.user.has_perm(SEE) and scope_of(request).is_everything

"""Rights that the flags pages ask for. Flags are of all restaurants, so seeing them takes working for all."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from observability.scope import scope_of

SEE = "assignments.view_flagstate"
CHANGE = "assignments.change_flags"
KILL = "assignments.kill_flags"


def may_see_flags(request: HttpRequest) -> bool:
    return request.user.has_perm(SEE) and scope_of(request).is_everything


def check(request: HttpRequest, *rights: str) -> None:
    """Raise PermissionDenied unless the person sees flags and holds the rights."""
    if not may_see_flags(request):
        raise PermissionDenied("Flags are of all restaurants; seeing them takes working for every one.")
    if not request.user.has_perms(rights):
        raise PermissionDenied("Changing flags needs a right that your group does not have.")

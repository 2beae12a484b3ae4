"""The right to see to guests' requests. A guest's data is of all restaurants, so it takes working for all."""

from django.http import HttpRequest

from observability.scope import scope_of

ERASE = "bookings.erase_guest"


def may_erase_guests(request: HttpRequest) -> bool:
    return request.user.has_perm(ERASE) and scope_of(request).is_everything

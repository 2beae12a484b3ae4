"""The restaurants a person works for: all with the right to every one, else those on their list."""

from collections.abc import Callable

from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from bookings.models import StaffRestaurant
from observability.scope import Scope

EVERY_RESTAURANT = "bookings.every_restaurant"


def restaurants_of(user: User | AnonymousUser) -> Scope:
    """The person's scope; strangers and inactive people have none (one query beside the permissions)."""
    if not user.is_active:
        return Scope(restaurants=frozenset())
    if user.has_perm(EVERY_RESTAURANT):
        return Scope(restaurants=None)
    rows = StaffRestaurant.objects.filter(user_id=user.pk).values_list("restaurant_id", flat=True)
    return Scope(restaurants=frozenset(rows))


class ScopeMiddleware:
    """Leaves the scope on the request, read when first asked for and once for all that ask."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.restaurant_scope = SimpleLazyObject(  # type: ignore[attr-defined]
            lambda: restaurants_of(request.user)
        )
        return self._get_response(request)

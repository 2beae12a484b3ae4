"""Rights that the restaurants' pages ask for."""

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from bookings.models import Restaurant
from observability.scope import scope_of

SEE = "bookings.view_restaurant"


def restaurant_in_scope(request: HttpRequest, restaurant_id: int) -> Restaurant:
    """The restaurant, if it is one of this person's; Http404 as if there were none otherwise."""
    rows = scope_of(request).narrow(Restaurant.objects.select_related("pacing"), "pk")
    return get_object_or_404(rows, pk=restaurant_id)

"""What making a booking and seating a walk-in share: answered once for a key, with the new address."""

from collections.abc import Callable
from typing import Any

from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from bookings.api.answers import fresh_answer, with_guest, without_guest
from bookings.api.authentication import token_of
from bookings.api.fields import StrictSerializer
from bookings.api.idempotency import answered_once, key_of
from bookings.api.scope import find_restaurant
from bookings.models import Booking, Restaurant

#: Makes a booking at a restaurant of checked wishes and the request's idempotency key.
Maker = Callable[[Restaurant, dict[str, Any], str | None], Booking]


def answer_made(request: Request, form: type[StrictSerializer], make: Maker) -> Response:
    """201 with the booking that `make` makes; a repeat gets what the first request got.

    Raises Http404 for a restaurant the token does not have, for a repeat, too: keys are the channel's, and
    its tokens need not be for the same restaurants.
    """
    token, key = token_of(request), key_of(request)
    body = form(data=request.data)
    body.is_valid(raise_exception=True)
    wishes: dict[str, Any] = body.validated_data
    restaurant = find_restaurant(token, wishes["restaurant"])
    answer = answered_once(
        channel=token.channel,
        key=key,
        path=request.path,
        wishes=request.data,
        work=lambda: without_guest(fresh_answer(make(restaurant, wishes, key), token)),
    )
    address = reverse("api:booking", args=[answer["reference"]])
    return Response(with_guest(answer, wishes), status=201, headers={"Location": address})

"""Walk-ins: parties at the door."""

from typing import Any, ClassVar

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from bookings.api.answers import BookingAnswer
from bookings.api.authentication import token_of
from bookings.api.problems import Kind
from bookings.api.requests import WalkInBody, chosen_zone
from bookings.api.schema import KEY_PARAMETER, described
from bookings.api.seats import offering_alternatives
from bookings.api.views.base import Operation
from bookings.api.views.making import answer_made
from bookings.models import Booking, Restaurant, TokenRight
from bookings.walk_ins import walk_in


class WalkIns(Operation):
    rights: ClassVar = {"POST": TokenRight.SERVICE}

    @described(
        "Seat a party at the door now, or learn when there will be a table",
        {201: BookingAnswer},
        Kind.NOT_FOUND,
        Kind.CONFLICT,
        Kind.NO_SEATING,
        Kind.IDEMPOTENCY_CONFLICT,
        body=WalkInBody,
        parameters=[KEY_PARAMETER],
        operation_id="create_walk_in",
    )
    def post(self, request: Request) -> Response:
        token = token_of(request)

        def seat(restaurant: Restaurant, wishes: dict[str, Any], _key: str | None) -> Booking:
            chosen = {"restaurant": restaurant, "zone": chosen_zone(restaurant, wishes["zone"])}
            with offering_alternatives(restaurant):
                return walk_in(**{**wishes, **chosen}, channel=token.channel, now=timezone.now())

        return answer_made(request, WalkInBody, seat)

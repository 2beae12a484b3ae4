"""Bookings: made, listed, read."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from bookings.api.answers import BookingAnswer, booking_answer, booking_answers, fresh_answer
from bookings.api.authentication import token_of
from bookings.api.filters import PAGING, BookingFilters
from bookings.api.pages import CursorPages
from bookings.api.problems import Kind
from bookings.api.requests import BookingBody, ChangeBody, chosen_zone
from bookings.api.schema import KEY_PARAMETER, described
from bookings.api.scope import bookings_of, find_booking, find_own, with_seating
from bookings.api.seats import offering_alternatives
from bookings.api.views.base import Operation
from bookings.api.views.making import answer_made
from bookings.change_request import BookingChange
from bookings.changes import change
from bookings.intake import BookingRequest, receive
from bookings.models import Booking, Restaurant, TokenRight


class Bookings(Operation, ListAPIView[Booking]):
    rights: ClassVar = {"GET": TokenRight.READ, "POST": TokenRight.WRITE}
    parameters = (*BookingFilters.base_filters, *PAGING)
    serializer_class = BookingAnswer
    pagination_class = CursorPages
    filterset_class = BookingFilters
    queryset = Booking.objects.none()

    def get_queryset(self) -> QuerySet[Booking]:
        if getattr(self, "swagger_fake_view", False):
            return Booking.objects.none()  # the OpenAPI document is made without a request
        return with_seating(bookings_of(token_of(self.request)))

    @described("List bookings, newest first", {200: BookingAnswer(many=True)}, operation_id="list_bookings")
    def get(self, request: Request, *_: Any, **__: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(booking_answers(page, token_of(request)))

    @described(
        "Make a booking",
        {201: BookingAnswer},
        Kind.NOT_FOUND,
        Kind.IDEMPOTENCY_CONFLICT,
        body=BookingBody,
        parameters=[KEY_PARAMETER],
        operation_id="create_booking",
    )
    def post(self, request: Request) -> Response:
        token = token_of(request)

        def make(restaurant: Restaurant, wishes: dict[str, Any], key: str | None) -> Booking:
            chosen = {
                "restaurant": restaurant,
                "zone": chosen_zone(restaurant, wishes["zone"]),
                "requires": tuple(wishes["requires"]),
            }
            wish = BookingRequest(**{**wishes, **chosen}, channel=token.channel, idempotency_key=key)
            return receive(request=wish, now=timezone.now())

        return answer_made(request, BookingBody, make)


class OneBooking(Operation):
    rights: ClassVar = {"GET": TokenRight.READ, "PATCH": TokenRight.WRITE}

    @described("Read a booking", {200: BookingAnswer}, Kind.NOT_FOUND, operation_id="read_booking")
    def get(self, request: Request, reference: str) -> Response:
        token = token_of(request)
        return Response(booking_answer(find_booking(token, reference), token))

    @described(
        "Change a booking, all or nothing",
        {200: BookingAnswer, 202: OpenApiResponse(BookingAnswer, "No table yet: people look at it.")},
        Kind.NOT_FOUND,
        Kind.CONFLICT,
        Kind.NO_SEATING,
        body=ChangeBody,
        operation_id="change_booking",
    )
    def patch(self, request: Request, reference: str) -> Response:
        token = token_of(request)
        booking = find_own(token, reference)
        body = ChangeBody(data=request.data)
        body.is_valid(raise_exception=True)
        wishes = dict(body.validated_data)
        on_no_seating = wishes.pop("on_no_seating")
        with offering_alternatives(booking.restaurant):
            changed = change(
                booking_id=booking.pk,
                wish=_change(booking.restaurant, wishes),
                now=timezone.now(),
                on_no_seating=on_no_seating,
            )
        return Response(fresh_answer(booking, token), status=202 if changed.wish else 200)


def _change(restaurant: Restaurant, wishes: dict[str, Any]) -> BookingChange:
    if "zone" in wishes:
        wishes["zone"] = chosen_zone(restaurant, wishes["zone"])
    if "requires" in wishes:
        wishes["requires"] = tuple(wishes["requires"])
    return BookingChange(**wishes)

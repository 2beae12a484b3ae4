"""Steps of a booking that need no body: cancelled, arrived, gone, not come."""

from collections.abc import Callable
from datetime import datetime
from typing import ClassVar

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from bookings.api.answers import BookingAnswer, fresh_answer
from bookings.api.authentication import token_of
from bookings.api.problems import Kind, problem
from bookings.api.schema import described
from bookings.api.scope import find_booking, find_own
from bookings.api.views.base import Operation
from bookings.cancellation import cancel
from bookings.models import Booking, ChannelToken, TokenRight
from bookings.service_time import check_in, complete, mark_no_show

Find = Callable[[ChannelToken, str], Booking]
Take = Callable[[int, datetime], Booking]


def _answer(request: Request, reference: str, find: Find, take: Take) -> Response:
    token = token_of(request)
    booking = find(token, reference)
    if booking.assignment_state is None:
        raise problem(Kind.CONFLICT, f"{reference} is imported history and stays as it is")
    return Response(fresh_answer(take(booking.pk, timezone.now()), token))


class Cancel(Operation):
    rights: ClassVar = {"POST": TokenRight.WRITE}

    @described(
        "Cancel a booking; cancelling again changes nothing",
        {200: BookingAnswer}, Kind.NOT_FOUND, Kind.CONFLICT, operation_id="cancel_booking",
    )  # fmt: skip
    def post(self, request: Request, reference: str) -> Response:
        return _answer(request, reference, find_own, lambda pk, now: cancel(booking_id=pk, now=now))


class CheckIn(Operation):
    rights: ClassVar = {"POST": TokenRight.SERVICE}

    @described(
        "The party has arrived",
        {200: BookingAnswer}, Kind.NOT_FOUND, Kind.CONFLICT, operation_id="check_in_booking",
    )  # fmt: skip
    def post(self, request: Request, reference: str) -> Response:
        return _answer(request, reference, find_booking, lambda pk, now: check_in(booking_id=pk, now=now))


class Complete(Operation):
    rights: ClassVar = {"POST": TokenRight.SERVICE}

    @described(
        "The party has left; the rest of its time is free",
        {200: BookingAnswer}, Kind.NOT_FOUND, Kind.CONFLICT, operation_id="complete_booking",
    )  # fmt: skip
    def post(self, request: Request, reference: str) -> Response:
        return _answer(request, reference, find_booking, lambda pk, now: complete(booking_id=pk, now=now))


class NoShow(Operation):
    rights: ClassVar = {"POST": TokenRight.SERVICE}

    @described(
        "The party did not come; its tables are free",
        {200: BookingAnswer}, Kind.NOT_FOUND, Kind.CONFLICT, operation_id="no_show_booking",
    )  # fmt: skip
    def post(self, request: Request, reference: str) -> Response:
        return _answer(request, reference, find_booking, lambda pk, now: mark_no_show(booking_id=pk, now=now))

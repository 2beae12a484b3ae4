"""Bookable times of a restaurant's day."""

from datetime import date, datetime
from typing import Any, ClassVar

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from bookings.api.answers import local
from bookings.api.authentication import token_of
from bookings.api.problems import Kind
from bookings.api.requests import AvailabilityQuery, chosen_zone
from bookings.api.schema import described
from bookings.api.scope import find_restaurant
from bookings.api.views.base import Operation
from bookings.availability import BookableTime, bookable_times
from bookings.intake_rules import FURTHEST_AHEAD, IntakeError
from bookings.models import Restaurant, TokenRight


class WhyNotAnswer(serializers.Serializer[Any]):
    reason = serializers.CharField(help_text="Reason code.")
    sentence = serializers.CharField()


class TimeAnswer(serializers.Serializer[Any]):
    service = serializers.CharField()
    start = serializers.DateTimeField(help_text="In UTC.")
    end = serializers.DateTimeField(help_text="In UTC, after the party's turn time.")
    start_local = serializers.DateTimeField(help_text="On the restaurant's clock.")
    end_local = serializers.DateTimeField(help_text="On the restaurant's clock.")
    bookable = serializers.BooleanField()
    why_not = WhyNotAnswer(allow_null=True, help_text="Null for a bookable time.")


class AvailabilityAnswer(serializers.Serializer[Any]):
    """Every time of a day. Nothing is promised: a table is held by a booking only."""

    restaurant = serializers.CharField()
    timezone = serializers.CharField()
    date = serializers.DateField()
    party_size = serializers.IntegerField()
    times = TimeAnswer(many=True)


class Availability(Operation):
    rights: ClassVar = {"GET": TokenRight.READ}
    parameters = ("party_size", "date", "zone", "requires")
    repeatable = ("requires",)

    @described(
        "Bookable times of a day, with the reason for the others",
        {200: AvailabilityAnswer},
        Kind.NOT_FOUND,
        Kind.REFUSED,
        parameters=[AvailabilityQuery],
        operation_id="read_availability",
    )
    def get(self, request: Request, named: str) -> Response:
        restaurant = find_restaurant(token_of(request), named)
        query = AvailabilityQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked, now = query.validated_data, timezone.now()
        _check_day(asked["date"], now)
        zone = chosen_zone(restaurant, asked["zone"])
        times = bookable_times(restaurant=restaurant, now=now, **{**asked, "zone": zone})
        answer = {
            "restaurant": restaurant.slug,
            "timezone": restaurant.timezone,
            "date": asked["date"],
            "party_size": asked["party_size"],
            "times": [_shown(time, restaurant) for time in times],
        }
        return Response(AvailabilityAnswer(answer).data)


def _check_day(day: date, now: datetime) -> None:
    """Refuse days at the ends of the calendar, where no local time can be told."""
    if (
        not now - FURTHEST_AHEAD
        <= datetime(day.year, day.month, day.day, tzinfo=now.tzinfo)
        <= now + FURTHEST_AHEAD
    ):
        raise IntakeError("date", f"{day} is more than ten years away; check the date")


def _shown(time: BookableTime, restaurant: Restaurant) -> dict[str, Any]:
    why_not = time.why_not
    return {
        "service": time.service,
        "start": time.start,
        "end": time.end,
        "start_local": local(time.start, restaurant),
        "end_local": local(time.end, restaurant),
        "bookable": time.bookable,
        "why_not": {"reason": why_not.reason, "sentence": why_not.sentence} if why_not else None,
    }

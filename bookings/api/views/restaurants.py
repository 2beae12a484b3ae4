"""Restaurants and their floor plans, to read."""

from typing import ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from bookings.api.answers import FloorPlanAnswer, RestaurantAnswer, floor_plan_answer
from bookings.api.authentication import token_of
from bookings.api.problems import Kind
from bookings.api.schema import described
from bookings.api.scope import find_restaurant, restaurants_of
from bookings.api.views.base import Operation
from bookings.models import TokenRight


class Restaurants(Operation):
    rights: ClassVar = {"GET": TokenRight.READ}

    @described(
        "List the token's restaurants", {200: RestaurantAnswer(many=True)}, operation_id="list_restaurants"
    )
    def get(self, request: Request) -> Response:
        return Response([RestaurantAnswer(one).data for one in restaurants_of(token_of(request))])


class OneRestaurant(Operation):
    rights: ClassVar = {"GET": TokenRight.READ}

    @described("Read a restaurant", {200: RestaurantAnswer}, Kind.NOT_FOUND, operation_id="read_restaurant")
    def get(self, request: Request, named: str) -> Response:
        return Response(RestaurantAnswer(find_restaurant(token_of(request), named)).data)


class FloorPlan(Operation):
    rights: ClassVar = {"GET": TokenRight.READ}

    @described("Read a floor plan", {200: FloorPlanAnswer}, Kind.NOT_FOUND, operation_id="read_floor_plan")
    def get(self, request: Request, named: str) -> Response:
        return Response(floor_plan_answer(find_restaurant(token_of(request), named)))

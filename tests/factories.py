"""Factories for rows the tests arrange; bookings themselves come in through `bookings.intake`."""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import factory

from bookings import intake
from bookings.models import (
    Adjacency,
    Booking,
    Restaurant,
    ServicePeriod,
    Table,
    Weekday,
    Zone,
)

#: A Friday well ahead, 12:00 UTC; tests that need "now" take it from here.
NOW = datetime(2027, 3, 5, 12, 0, tzinfo=UTC)


class RestaurantFactory(factory.django.DjangoModelFactory[Restaurant]):
    class Meta:
        model = Restaurant

    slug = factory.Sequence(lambda n: f"restaurant-{n}")
    name = factory.Sequence(lambda n: f"Restaurant {n}")
    timezone = "Europe/London"


class ZoneFactory(factory.django.DjangoModelFactory[Zone]):
    class Meta:
        model = Zone

    restaurant = factory.SubFactory(RestaurantFactory)
    name = factory.Sequence(lambda n: f"Zone {n}")


class TableFactory(factory.django.DjangoModelFactory[Table]):
    class Meta:
        model = Table

    zone = factory.SubFactory(ZoneFactory)
    restaurant = factory.SelfAttribute("zone.restaurant")
    number = factory.Sequence(lambda n: f"T{n}")
    capacity = 4
    max_party = factory.SelfAttribute("capacity")


class ServicePeriodFactory(factory.django.DjangoModelFactory[ServicePeriod]):
    class Meta:
        model = ServicePeriod

    restaurant = factory.SubFactory(RestaurantFactory)
    name = "Dinner"
    weekday = Weekday.FRIDAY
    opens = time(17, 0)
    closes = time(0, 30)


def serving_restaurant(*capacities: int, join: bool = False, **fields: Any) -> Restaurant:
    """A restaurant that serves dinner every day, with one table per capacity; `join` puts them in a row."""
    zone = ZoneFactory(restaurant=RestaurantFactory(**fields))
    for weekday in Weekday.values:
        ServicePeriodFactory(restaurant=zone.restaurant, weekday=weekday)
    tables = [TableFactory(zone=zone, capacity=capacity) for capacity in capacities]
    if join:
        for left, right in pairwise(tables):
            Adjacency.objects.create(restaurant=zone.restaurant, table_low=left, table_high=right)
    restaurant: Restaurant = zone.restaurant
    return restaurant


def dinner(hour: int = 19, minute: int = 0, *, day: int = 0) -> datetime:
    """A start on the evening of NOW, `day` days later."""
    return NOW.replace(hour=hour, minute=minute) + timedelta(days=day)


def receive(restaurant: Restaurant, *, now: datetime = NOW, **wishes: Any) -> Booking:
    """Take in a booking: two guests at 19:00 of NOW's day unless told otherwise."""
    request = {
        "party_size": 2,
        "start": dinner(),
        "channel": "web",
        "guest_name": "Ada Guest",
        "guest_email": "ada@example.org",
        **wishes,
    }
    return intake.receive(request=intake.BookingRequest(restaurant=restaurant, **request), now=now)

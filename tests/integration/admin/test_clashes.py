"""An edit that clashes with another row of the restaurant is told at the form; nothing typed is lost."""

from datetime import time
from typing import Any

import pytest
from django.test import Client

from bookings.models import Combination, TurnTime
from tests.factories import RestaurantFactory, ServicePeriodFactory, TableFactory, ZoneFactory

pytestmark = pytest.mark.django_db


def told(client: Client, path: str, fields: dict[str, Any]) -> str:
    """The page that answers the edit; it must be the form again."""
    answer = client.post(path, fields)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_table_renamed_to_a_taken_number(admin_client: Client) -> None:
    zone = ZoneFactory()
    TableFactory(zone=zone, number="1")
    second = TableFactory(zone=zone, number="2")
    edit = {"zone": zone.pk, "number": "1", "capacity": 4, "min_party": 1, "max_party": 4}
    assert "already exists" in told(admin_client, f"/bookings/table/{second.pk}/change/", edit)


def test_a_zone_renamed_to_a_taken_name(admin_client: Client) -> None:
    terrace = ZoneFactory(name="Terrace")
    hall = ZoneFactory(name="Hall", restaurant=terrace.restaurant)
    edit = {"name": "Terrace", "kind": "indoor", "sort_order": 0}
    assert "already exists" in told(admin_client, f"/bookings/zone/{hall.pk}/change/", edit)


def test_a_combination_renamed_to_a_taken_name(admin_client: Client) -> None:
    restaurant = RestaurantFactory()
    Combination.objects.create(restaurant=restaurant, name="Long table", capacity=8)
    other = Combination.objects.create(restaurant=restaurant, name="Corner", capacity=6)
    edit = {
        "name": "Long table",
        "capacity": 6,
        "combinationtable_set-TOTAL_FORMS": 0,
        "combinationtable_set-INITIAL_FORMS": 0,
    }
    assert "already exists" in told(admin_client, f"/bookings/combination/{other.pk}/change/", edit)


def test_a_turn_time_stretched_over_another(admin_client: Client) -> None:
    restaurant = RestaurantFactory()
    TurnTime.objects.create(restaurant=restaurant, min_party=1, max_party=2, minutes=60)
    band = TurnTime.objects.create(restaurant=restaurant, min_party=3, max_party=4, minutes=60)
    edit = {"service_name": "", "min_party": 2, "max_party": 4, "minutes": 60}
    assert "covers some of these" in told(admin_client, f"/bookings/turntime/{band.pk}/change/", edit)


def test_a_service_stretched_over_another(admin_client: Client) -> None:
    dinner = ServicePeriodFactory()
    lunch = ServicePeriodFactory(
        restaurant=dinner.restaurant, name="Lunch", opens=time(12), closes=time(15), weekday=dinner.weekday
    )
    edit = {
        "name": "Lunch",
        "weekday": lunch.weekday,
        "opens": "12:00",
        "closes": "18:00",
        "last_seating": "",
    }
    page = told(admin_client, f"/bookings/serviceperiod/{lunch.pk}/change/", edit)
    assert "overlaps these hours" in page

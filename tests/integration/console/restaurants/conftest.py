"""A house with two tables that join, and somebody who leads its operations."""

import pytest
from django.test import Client

from bookings.models import (
    Restaurant,
)
from config.roles import OPS_LEAD
from tests.factories import serving_restaurant
from tests.integration.console.test_floor import client_of


@pytest.fixture
def house() -> Restaurant:
    return serving_restaurant(2, 4, join=True, timezone="UTC")


@pytest.fixture
def lead() -> Client:
    return client_of(OPS_LEAD, name="lead")

"""The rollout decides, not the fixture that puts V3 on for all other tests."""

from typing import Any

import pytest

from assignments.engine.phases import PhaseKey
from assignments.models import Phase
from tests.factories import RestaurantFactory
from tests.integration.assignments.rollout.people import reach


@pytest.fixture(autouse=True)
def _flags_decide(nothing_pinned: None) -> None:
    pass


@pytest.fixture
def ten_restaurants(db: None) -> list[Any]:
    return [RestaurantFactory() for _ in range(10)]


@pytest.fixture
def phase(ten_restaurants: list[Any]) -> Phase:
    """10 % of production, rehearsed in the local environment."""
    return reach(PhaseKey.PRODUCTION_10)

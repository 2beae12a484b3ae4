"""The rollout decides, not the fixture that puts V3 on for all other tests."""

from collections.abc import Iterator
from typing import Any

import pytest

from assignments import flags
from assignments.engine.phases import PhaseKey
from assignments.models import Phase
from tests.factories import RestaurantFactory
from tests.integration.assignments.rollout.people import reach


@pytest.fixture(autouse=True)
def v3_decides(settings: Any) -> Iterator[None]:
    """Nothing is pinned: the flags of the database decide."""
    settings.FEATURE_ASSIGNMENT_PIPELINE_V3 = None
    flags.forget()
    yield
    flags.forget()


@pytest.fixture
def ten_restaurants(db: None) -> list[Any]:
    return [RestaurantFactory() for _ in range(10)]


@pytest.fixture
def phase(ten_restaurants: list[Any]) -> Phase:
    """10 % of production, rehearsed in the local environment."""
    return reach(PhaseKey.PRODUCTION_10)

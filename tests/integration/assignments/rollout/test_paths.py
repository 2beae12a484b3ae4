"""A booking keeps its path while phases come and go around it; the kill alone beats that (test_routes)."""

import pytest

from assignments.coordinator import Confirmed
from assignments.engine.phases import PhaseKey
from assignments.rollout import rollback
from bookings.models import Booking
from tests.factories import NOW, receive, serving_restaurant
from tests.integration.assignments.rollout.people import ENGINEER, reach
from tests.integration.assignments.test_routes import assign, failing, sources

pytestmark = pytest.mark.django_db


@pytest.fixture
def booking(db: None) -> Booking:
    return receive(serving_restaurant(2))


def test_a_booking_under_way_stays_on_v3_when_its_phase_is_rolled_back(booking: Booking) -> None:
    phase = reach(PhaseKey.PRODUCTION_100)
    assign(booking, failing())
    rollback.roll_back(phase=phase, reason="slow", by=ENGINEER, now=NOW, to=rollback.LEGACY)
    assert isinstance(assign(booking), Confirmed)
    assert booking.assignment_path == "active"
    assert "auto_assign" not in sources(booking)


def test_a_booking_under_way_stays_on_legacy_when_a_phase_is_entered(booking: Booking) -> None:
    reach(PhaseKey.PRODUCTION_SHADOW)
    assign(booking, failing())
    reach(PhaseKey.PRODUCTION_100)
    assign(booking)
    assert booking.assignment_path == "shadow"
    assert "auto_assign" in sources(booking)

"""Coverage: compared per eligible booking, and the counts by class."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from assignments.engine.compare import Comparison
from assignments.engine.flags import Mode
from assignments.shadow import coverage
from assignments.shadow.coverage import Coverage
from assignments.shadow.tasks import settle
from bookings.models import Restaurant
from tests.factories import NOW, receive, serving_restaurant
from tests.integration.assignments.legacy.driving import decide, run, shadowed

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def found(**limits: object) -> Coverage:
    return coverage(**{"since": NOW - DAY, "until": NOW + DAY, **limits})  # type: ignore[arg-type]


@pytest.fixture
def restaurant() -> Restaurant:
    return serving_restaurant(2, 2, 2, 2, 2)


def test_nothing_decided_in_shadow_mode_has_no_coverage(restaurant: Restaurant) -> None:
    decide(receive(restaurant))
    assert found() == Coverage(eligible=0, waiting=0, classes={}, noise={})
    assert found().ratio is None


def test_skipped_and_waiting_bookings_are_eligible_and_not_compared(restaurant: Restaurant) -> None:
    shadowed(receive(restaurant))
    shadowed(receive(restaurant))
    lost, waiting = receive(restaurant), receive(restaurant)
    for booking in (lost, waiting):
        run(booking, mode=Mode.SHADOW)
    settle(lost.pk)

    coverage = found()

    assert (coverage.eligible, coverage.compared, coverage.waiting) == (4, 2, 1)
    assert coverage.ratio == 0.5
    assert coverage.classes == {Comparison.MATCH: 2, Comparison.SKIPPED: 1}
    assert coverage.noise == {Comparison.MATCH: 2}


def test_a_booking_still_being_retried_is_not_yet_eligible(restaurant: Restaurant) -> None:
    run(receive(restaurant, requires=("window",)), mode=Mode.SHADOW)
    assert found().eligible == 0


def test_it_is_asked_by_restaurant_and_by_time(restaurant: Restaurant) -> None:
    shadowed(receive(restaurant))
    assert found(restaurant_ids=[restaurant.pk]).eligible == 1
    assert found(restaurant_ids=[restaurant.pk + 1]).eligible == 0
    assert found(restaurant_ids=[]).eligible == 0
    assert found(since=NOW).eligible == 1
    assert found(until=NOW).eligible == 0


def test_it_is_one_query(restaurant: Restaurant) -> None:
    shadowed(receive(restaurant))
    with CaptureQueriesContext(connection) as queries:
        found()
    assert len(queries) == 1

"""Many cases at once: what one is refused changes nothing about it."""

from datetime import timedelta

import pytest

from assignments.review import bulk
from assignments.review.bulk import Order
from bookings.models import Booking
from observability.scope import Scope
from tests.factories import NOW, serving_restaurant
from tests.integration.assignments.review.scenes import agent, case_of, claimed, placed

pytestmark = pytest.mark.django_db


@pytest.fixture
def waiting_party() -> Booking:
    house = serving_restaurant(2)
    placed(house)
    return placed(house)


@pytest.mark.parametrize("had_it", [True, False])
def test_a_case_that_cannot_be_put_aside_is_whose_it_was(had_it: bool, waiting_party: Booking) -> None:
    """Somebody may be on the telephone about it, with its page open in another tab."""
    ada, case = agent(), case_of(waiting_party)
    if had_it:
        claimed(waiting_party, ada)
    late = Order(action="snooze", user=ada, now=waiting_party.start_at, reason="later")
    (outcome,) = bulk.carry_out(late, bulk.chosen([case.pk], scope=Scope(restaurants=None)))
    assert not outcome.is_done
    case.refresh_from_db()
    assert case.owner == (ada if had_it else None)


def test_a_case_that_is_put_aside_is_nobodys(waiting_party: Booking) -> None:
    bob = agent("bob")
    case = claimed(waiting_party, bob)
    order = Order(action="snooze", user=bob, now=NOW, snooze_for=timedelta(minutes=15), reason="later")
    (outcome,) = bulk.carry_out(order, bulk.chosen([case.pk], scope=Scope(restaurants=None)))
    assert outcome.is_done
    case.refresh_from_db()
    assert case.owner is None

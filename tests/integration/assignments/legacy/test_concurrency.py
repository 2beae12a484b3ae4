"""The legacy path with real commits and several processes."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from assignments.models import Attempt
from assignments.outcomes import Confirmed
from bookings.models import Allocation, Booking, OutboxMessage
from tests.factories import receive, serving_restaurant
from tests.integration.assignments.legacy.driving import decide, deliver
from tests.integration.assignments.test_commits import commits, writes_outside_transactions
from tests.invariants import breaches
from tests.processes import in_parallel


def test_a_direct_confirmation_takes_two_commits_and_a_bounded_number_of_queries(committed_db: None) -> None:
    booking = receive(serving_restaurant(2))
    with CaptureQueriesContext(connection) as run:
        assert isinstance(decide(booking), Confirmed)
    assert commits(run) == 2
    assert writes_outside_transactions(run) == []
    # Two of them are the driver's own reads of the booking.
    statements = [q for q in run if q["sql"] not in {"BEGIN", "COMMIT"}]
    assert len(statements) <= 19, [q["sql"][:80] for q in statements]


def test_a_large_house_takes_as_many_queries_as_a_small_one(committed_db: None) -> None:
    counts = []
    for restaurant in (serving_restaurant(2, 2), serving_restaurant(*[2] * 12)):
        for _ in range(restaurant.tables.count() - 1):
            decide(receive(restaurant))
        booking = receive(restaurant)
        with CaptureQueriesContext(connection) as run:
            assert isinstance(decide(booking), Confirmed)
        counts.append(len(run))
    assert counts[0] == counts[1]


def decide_without_lock(booking_id: int) -> str:
    return type(decide(Booking.objects.get(pk=booking_id))).__name__


def test_a_booking_delivered_ten_times_at_once_is_confirmed_once(committed_db: None) -> None:
    booking = receive(serving_restaurant(2, 2))
    in_parallel(deliver, [(booking.pk,)] * 5)
    in_parallel(deliver, [(booking.pk,)] * 5)
    assert_confirmed_once(booking)


def test_so_it_is_when_redis_gives_the_lock_to_everyone(committed_db: None) -> None:
    booking = receive(serving_restaurant(2, 2))
    outcomes = in_parallel(decide_without_lock, [(booking.pk,)] * 8)
    assert outcomes.count("Confirmed") == 1
    assert_confirmed_once(booking)


def test_bookings_after_one_table_get_it_once(committed_db: None) -> None:
    restaurant = serving_restaurant(2)
    rivals = [receive(restaurant) for _ in range(4)]
    outcomes = in_parallel(decide_without_lock, [(booking.pk,) for booking in rivals])
    assert sorted(outcomes) == ["Confirmed", "Retry", "Retry", "Retry"]
    assert Allocation.objects.filter(active=True).count() == 1
    assert breaches(unfinished=True) == {}


def assert_confirmed_once(booking: Booking) -> None:
    booking.refresh_from_db()
    assert booking.assignment_state == "confirmed"
    assert Allocation.objects.count() == 1
    assert OutboxMessage.objects.filter(kind="confirmation").count() == 1
    assert [a.result for a in Attempt.objects.all()] == ["success"]
    assert breaches(unfinished=True) == {}

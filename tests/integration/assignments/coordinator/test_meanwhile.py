"""What happens between claim, plan and commit of a run is never overwritten."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from assignments.coordinator import Confirmed, ManualReview, Noop, process_booking
from assignments.engine.reasons import Reason
from assignments.facts_store import load_facts
from assignments.models import Attempt, Slot
from bookings.cancellation import cancel
from bookings.models import Allocation, Booking, BookingMove, MailKind, OutboxMessage, Table, TableBlock
from tests.factories import NOW, dinner, receive, serving_restaurant
from tests.integration.assignments.coordinator.driving import EDGE, assign, interrupting
from tests.invariants import breaches

pytestmark = pytest.mark.django_db


def test_a_booking_cancelled_while_it_is_placed_stays_cancelled() -> None:
    booking = receive(serving_restaurant(2))

    outcome = assign(booking, interrupting(lambda: cancel(booking_id=booking.pk, now=NOW)))

    assert outcome == Noop(reason=Reason.BOOKING_CHANGED)
    assert (booking.status, booking.assignment_state) == ("cancelled", "cancelled")
    assert not Allocation.objects.exists()
    assert not OutboxMessage.objects.exists()
    assert not Slot.objects.filter(booking__isnull=False).exists()
    assert breaches(unfinished=True) == {}


def test_a_run_whose_lease_lapsed_writes_nothing() -> None:
    booking = receive(serving_restaurant(2))

    def lapse() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE assignment_slots SET lease_until = now() - interval '1 s' WHERE token IS NOT NULL"
            )

    assert assign(booking, interrupting(lapse)) == Noop(reason=Reason.BOOKING_CHANGED)
    assert booking.assignment_state == "assignment_in_progress"
    assert not Allocation.objects.exists()


def test_tables_lost_to_another_booking_mean_a_new_plan_in_the_same_attempt() -> None:
    restaurant = serving_restaurant(2, 4)
    winner, loser = receive(restaurant), receive(restaurant)
    assert isinstance(assign(loser, interrupting(lambda: assign(winner), at_read=3)), Confirmed)
    assert Attempt.objects.get(booking=loser).metadata["lost_races"] == 1
    assert loser.allocations.get().table.capacity == 4


def out_of_service(table: Table) -> None:
    TableBlock.objects.create(
        restaurant=table.restaurant, table=table, start_at=dinner(18), end_at=dinner(22), reason="broken"
    )


def retired(table: Table) -> None:
    Table.objects.filter(pk=table.pk).update(active=False)


@pytest.mark.parametrize("withdraw", [out_of_service, retired])
def test_a_table_withdrawn_between_plan_and_commit_is_not_given(withdraw: Callable[[Table], None]) -> None:
    restaurant = serving_restaurant(2, 4)
    booking = receive(restaurant)
    assert isinstance(
        assign(booking, interrupting(lambda: withdraw(restaurant.tables.get(capacity=2)), at_read=3)),
        Confirmed,
    )
    assert booking.allocations.get().table.capacity == 4
    assert Attempt.objects.get(booking=booking).metadata["lost_races"] == 1


def test_a_booking_pinned_between_plan_and_commit_is_not_moved() -> None:
    restaurant = serving_restaurant(2, 4)
    small = receive(restaurant)
    assign(small)
    Allocation.objects.filter(booking=small).update(table=restaurant.tables.get(capacity=4))
    large = receive(restaurant, party_size=4)
    outcome = assign(
        large, interrupting(lambda: Booking.objects.filter(pk=small.pk).update(locked=True), at_read=3)
    )

    assert outcome == ManualReview(reason=Reason.NO_CAPACITY_AT_TIME)
    assert small.allocations.get(active=True).table.capacity == 4
    assert not BookingMove.objects.exists()


def test_an_address_given_during_the_run_gets_the_confirmation(monkeypatch: pytest.MonkeyPatch) -> None:
    booking = receive(serving_restaurant(2), guest_email="")

    def planned(**asked: Any) -> Any:
        Booking.objects.update(guest_email="late@example.org")
        return load_facts(**asked)

    monkeypatch.setattr("assignments.coordinator.run.load_facts", planned)
    assert isinstance(assign(booking), Confirmed)
    assert OutboxMessage.objects.get(booking=booking).kind == MailKind.CONFIRMATION


def test_a_second_delivery_while_the_first_holds_the_lock_does_nothing() -> None:
    booking = receive(serving_restaurant(2))
    inner: list[object] = []

    def deliver_again() -> None:
        inner.append(process_booking(booking_id=booking.pk, trigger="again", edge=EDGE))

    assert isinstance(assign(booking, interrupting(deliver_again)), Confirmed)
    assert inner == [Noop(reason="lock_contention")]

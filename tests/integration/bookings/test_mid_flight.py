"""Changes, cancellations and withdrawals against runs and against each other, on connections of their own."""

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from assignments.coordinator import process_booking
from assignments.edge import Edge
from assignments.outcomes import Confirmed, Noop, Outcome
from bookings.cancellation import CancellationError, cancel
from bookings.change_request import BookingChange
from bookings.changes import ChangeError, change
from bookings.models import Booking, Table
from bookings.seating import NoSeatingError
from bookings.state_machine import StaleBookingError
from bookings.states import FINAL
from bookings.withdrawals import place_block
from tests.factories import NOW, dinner, receive, serving_restaurant
from tests.integration.bookings.evening import sound, tables
from tests.processes import in_parallel, until_it_waits_for_a_lock

WAIT = 30


class Flight:
    """A run on a thread of its own that stands still at a reading of its clock until it is told to go on."""

    def __init__(self, booking: Booking, stop_at: int) -> None:
        self.stopped, self.go_on = threading.Event(), threading.Event()
        self.booking = booking
        self.stop_at = stop_at
        self.readings = 0

    def clock(self) -> datetime:
        self.readings += 1
        if self.readings == self.stop_at:
            self.stopped.set()
            assert self.go_on.wait(WAIT)
        return NOW

    def run(self) -> Outcome:
        try:
            edge = Edge(clock=self.clock, jitter=lambda: 0.0)
            return process_booking(booking_id=self.booking.pk, trigger="test", edge=edge)
        finally:
            connection.close()


#: A run reads its clock for the claim, for the facts, and for what it writes.
CLAIMED, DECIDED = 2, 3


def in_flight(booking: Booking, happens: Callable[[], object], *, stop_at: int = CLAIMED) -> Outcome:
    flight = Flight(booking, stop_at)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(flight.run)
        try:
            assert flight.stopped.wait(WAIT)
            booking.refresh_from_db()
            assert booking.assignment_state == "assignment_in_progress"
            happens()
        finally:
            flight.go_on.set()
        outcome = running.result(WAIT)
    booking.refresh_from_db()
    return outcome


@pytest.mark.parametrize("stop_at", [CLAIMED, DECIDED])
def test_a_booking_changed_in_flight_is_placed_by_its_new_wish(committed_db: None, stop_at: int) -> None:
    booking = receive(serving_restaurant(2, 4))
    wish = BookingChange(party_size=4, start=dinner(20))
    outcome = in_flight(booking, lambda: change(booking_id=booking.pk, wish=wish, now=NOW), stop_at=stop_at)
    assert outcome == Noop(reason="booking_changed")
    assert (booking.assignment_state, tables(booking)) == ("assignment_pending", [])
    process_booking(booking_id=booking.pk, trigger="test")
    booking.refresh_from_db()
    assert (booking.assignment_state, booking.start_at) == ("confirmed", dinner(20))
    assert Table.objects.get(pk=tables(booking)[0]).capacity == 4
    assert sound()


def test_a_booking_cancelled_in_flight_stays_cancelled(committed_db: None) -> None:
    booking = receive(serving_restaurant(2))
    outcome = in_flight(booking, lambda: cancel(booking_id=booking.pk, now=NOW))
    assert outcome == Noop(reason="booking_changed")
    assert (booking.status, tables(booking)) == ("cancelled", [])
    assert sound()


def test_a_table_withdrawn_in_flight_is_not_given_away(committed_db: None) -> None:
    restaurant = serving_restaurant(2, 4)
    booking = receive(restaurant)
    small = restaurant.tables.get(capacity=2)
    in_flight(
        booking,
        lambda: place_block(table=small, start=dinner(17), end=dinner(23), now=NOW),
        stop_at=DECIDED,
    )
    assert booking.assignment_state == "confirmed"
    assert small.pk not in tables(booking)
    assert sound()


def test_a_table_that_is_being_withdrawn_as_a_run_commits_is_not_given_away(committed_db: None) -> None:
    restaurant = serving_restaurant(2, 4)
    booking = receive(restaurant)
    small = restaurant.tables.get(capacity=2)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            place_block(table=small, start=dinner(17), end=dinner(23), now=NOW)
            running = pool.submit(Flight(booking, stop_at=0).run)
            until_it_waits_for_a_lock(running)
        assert isinstance(running.result(WAIT), Confirmed)
    assert small.pk not in tables(booking)
    assert sound()


def test_everybody_at_once_ends_sound_and_nobody_waits_for_ever(committed_db: None) -> None:
    """Runs, changes with moves, cancellations and withdrawals of one evening, in four processes."""
    restaurant = serving_restaurant(2, 2, 4, 4, 6, join=True)
    start = timezone.now().replace(hour=19, minute=0, second=0, microsecond=0)
    bookings = [
        receive(restaurant, party_size=1 + number % 4, start=start + day_ahead(number), now=timezone.now())
        for number in range(12)
    ]
    in_parallel(work, [(seed, restaurant.pk, [booking.pk for booking in bookings]) for seed in range(4)])
    for _ in range(6):
        for booking in Booking.objects.exclude(assignment_state__in=FINAL):
            process_booking(booking_id=booking.pk, trigger="test")
    assert not Booking.objects.exclude(assignment_state__in=FINAL).exists()
    assert sound()


def day_ahead(number: int) -> timedelta:
    return timedelta(days=2, minutes=number % 3 * 30)


def work(seed: int, restaurant_id: int, booking_ids: list[int]) -> None:
    """One worker or member of staff: a bounded number of steps, in an order of its own."""
    chance = random.Random(seed)
    for _ in range(20):
        booking_id = chance.choice(booking_ids)
        with suppress(NoSeatingError, ChangeError, CancellationError, StaleBookingError):
            step(chance, restaurant_id, booking_id)


def step(chance: random.Random, restaurant_id: int, booking_id: int) -> None:
    now = timezone.now()
    kind = chance.random()
    if kind < 0.5:
        process_booking(booking_id=booking_id, trigger="test")
    elif kind < 0.85:
        change(booking_id=booking_id, wish=BookingChange(party_size=chance.randint(1, 6)), now=now)
    elif kind < 0.93:
        booking = Booking.objects.get(pk=booking_id)
        table = chance.choice(list(Table.objects.filter(restaurant_id=restaurant_id).order_by("pk")))
        place_block(table=table, start=booking.start_at, end=booking.end_at, now=now)
    else:
        cancel(booking_id=booking_id, now=now)

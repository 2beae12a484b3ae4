"""Tables leave and come back: every booking on them keeps a seat, gets another, or is planned again."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django_q.models import OrmQ
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from assignments.coordinator import Confirmed, ManualReview, process_booking
from bookings import state_machine
from bookings.models import Allocation, Booking, BookingMove, Restaurant, StateChange, Table, TableBlock
from bookings.service_time import lift_block
from bookings.state_machine import Step
from bookings.states import State
from bookings.withdrawals import (
    Withdrawal,
    WithdrawalError,
    deactivate_table,
    place_block,
    preview,
    reactivate_table,
)
from observability.models import Event
from tests.factories import NOW, dinner, receive, serving_restaurant
from tests.integration.bookings.evening import (
    EDGE,
    assign,
    confirmed,
    fates,
    mails,
    seated,
    sound,
    table_of,
    tables,
    tasks,
    told,
)

pytestmark = pytest.mark.django_db


def block(table: Table, **options: Any) -> Withdrawal:
    asked = {"start": dinner(18), "end": dinner(23), "reason": "broken", "now": NOW}
    return place_block(table=table, **{**asked, **options})


def test_a_booking_that_fits_elsewhere_is_moved_at_once_and_hears_nothing() -> None:
    booking = told(confirmed(serving_restaurant(2, 2)))
    table, version = table_of(booking), booking.assignment_state_version
    user = User.objects.create(username="ada")
    withdrawal = block(table, actor_id=user.pk)

    assert fates(withdrawal) == {booking.pk: "moved"}
    assert tables(booking) == list(withdrawal.displaced[0].tables) != [table.pk]
    booking.refresh_from_db()
    assert (booking.assignment_state_version, booking.status, booking.revision) == (version, "confirmed", 1)
    move = BookingMove.objects.get()
    assert (move.cause, move.actor_id, move.for_booking_id) == ("table_withdrawn", user.pk, None)
    assert mails(booking) == [("confirmation", 1, "sent")]
    event = Event.objects.get(event_type="table.withdrawn")
    assert event.context["moved"] == 1
    assert sound()


def test_a_booking_that_fits_only_if_others_move_is_planned_again_and_told_nothing_twice() -> None:
    restaurant = serving_restaurant(2, 4, 4)
    big = told(confirmed(restaurant, party_size=4))
    small = confirmed(restaurant, party_size=2)
    third = confirmed(restaurant, party_size=3)
    # The small party is put at a table for four, so that the big one needs it to move.
    free = set(restaurant.tables.values_list("pk", flat=True)) - set(tables(big)) - set(tables(third))
    assert set(tables(small)) == free
    withdrawal = block(table_of(big))
    assert fates(withdrawal) == {big.pk: "replanned"}
    big.refresh_from_db()
    assert (big.status, big.assignment_state) == ("pending", "assignment_pending")
    assert tasks(big)[-1] == "table_withdrawn"
    last = StateChange.objects.get(booking=big, version=big.assignment_state_version)
    assert (last.from_state, last.reason) == ("confirmed", "table_withdrawn")
    assert isinstance(assign(big), ManualReview)
    assert mails(told(big)) == [("confirmation", 1, "sent")]
    assert sound()


def test_a_booking_placed_again_is_told_once_even_if_its_mail_waited() -> None:
    """Its confirmation is taken back while tables are looked for, and sent once there is one again."""
    restaurant = serving_restaurant(2, 4)
    booking = confirmed(restaurant)
    blocker = confirmed(restaurant, party_size=4)
    withdrawal = block(table_of(booking))
    assert fates(withdrawal) == {booking.pk: "replanned"}
    told(booking)
    assert mails(booking) == [("confirmation", 1, "void")]
    Allocation.objects.filter(booking=blocker).update(active=False)
    Booking.objects.filter(pk=blocker.pk).update(status="no_show")
    assert isinstance(assign(booking), Confirmed)
    assert mails(told(booking)) == [("confirmation", 1, "sent")]
    assert sound()


def test_a_guest_told_that_his_booking_is_looked_at_is_told_when_it_is_confirmed() -> None:
    """The confirmation that was taken back is promised again, after a mail that came in between."""
    restaurant = serving_restaurant(2)
    booking = confirmed(restaurant)
    withdrawal = block(table_of(booking))
    assert isinstance(assign(booking), ManualReview)
    assert mails(told(booking)) == [("confirmation", 1, "void"), ("received", 1, "sent")]
    assert withdrawal.block is not None
    lift_block(block_id=withdrawal.block.pk)
    state_machine.move(
        position=state_machine.position_of(booking), steps=[Step(to=State.ASSIGNMENT_PENDING)], at=NOW
    )
    booking.refresh_from_db()
    assert isinstance(assign(booking), Confirmed)
    assert mails(told(booking)) == [("confirmation", 1, "sent"), ("received", 1, "sent")]
    assert sound()


def test_pinned_bookings_go_to_people_and_their_pin_goes_with_the_table() -> None:
    booking = confirmed(serving_restaurant(2, 2))
    Booking.objects.filter(pk=booking.pk).update(locked=True)
    assert fates(block(table_of(booking))) == {booking.pk: "to_people"}
    booking.refresh_from_db()
    assert (booking.assignment_state, booking.locked, tables(booking)) == ("manual_review", False, [])
    assert sound()


def test_a_party_that_sits_stays_and_is_reported() -> None:
    booking = confirmed(serving_restaurant(2, 2))
    seated(booking)
    table = table_of(booking)
    withdrawal = block(table, now=booking.start_at)
    assert fates(withdrawal) == {booking.pk: "stays"}
    assert tables(booking) == [table.pk]
    assert sound()


def test_bookings_outside_the_period_and_at_other_tables_stay() -> None:
    restaurant = serving_restaurant(2, 2)
    booking = confirmed(restaurant, start=dinner(19))
    table = table_of(booking)
    confirmed(restaurant, start=dinner(19))
    # The buffer belongs to the booking: 75 minutes and 5.
    assert fates(block(table, start=dinner(20, 20))) == {}
    assert fates(block(table, start=dinner(20, 19), end=dinner(20, 20))) == {booking.pk: "replanned"}


def test_joined_tables_are_left_together() -> None:
    restaurant = serving_restaurant(2, 2, 4, join=True)
    booking = confirmed(restaurant, party_size=6)
    assert len(tables(booking)) >= 2
    table = Table.objects.get(pk=tables(booking)[0])
    block(table)
    assert table.pk not in tables(booking)
    assert sound()


@pytest.mark.parametrize(
    ("start", "end"), [(dinner(20), dinner(20)), (NOW - timedelta(hours=2), NOW - timedelta(hours=1))]
)
def test_a_block_that_is_none_or_over_is_refused(start: Any, end: Any) -> None:
    with pytest.raises(WithdrawalError) as refusal:
        block(serving_restaurant(2).tables.get(), start=start, end=end)
    assert refusal.value.field == "end"
    assert not TableBlock.objects.exists()


def test_a_table_that_leaves_the_floor_plan_gives_up_its_bookings_to_come() -> None:
    restaurant = serving_restaurant(2, 2)
    past, later = confirmed(restaurant), confirmed(restaurant, start=dinner(day=30))
    table = table_of(later)
    assert tables(past) == [table.pk]
    withdrawal = deactivate_table(table_id=table.pk, now=dinner(day=3))
    assert fates(withdrawal) == {later.pk: "moved"}
    table.refresh_from_db()
    assert not table.active
    assert table.pk not in tables(later)
    assert deactivate_table(table_id=table.pk, now=NOW).displaced == ()
    assert sound()


def test_the_only_table_may_leave_and_its_bookings_end_with_people() -> None:
    restaurant = serving_restaurant(2)
    booking = confirmed(restaurant)
    deactivate_table(table_id=table_of(booking).pk, now=NOW)
    booking.refresh_from_db()
    assert booking.assignment_state == "assignment_pending"
    assert sound()


def test_a_table_that_comes_back_has_open_reviews_looked_at_again() -> None:
    restaurant = serving_restaurant(2)
    table = restaurant.tables.get()
    deactivate_table(table_id=table.pk, now=NOW)
    OrmQ.objects.all().delete()
    for _ in range(2):
        assert reactivate_table(table_id=table.pk, now=NOW).active
    assert [row.task["func"] for row in OrmQ.objects.all()] == ["assignments.tasks.plan_reviews_again"]


@pytest.mark.parametrize("for_good", [True, False])
def test_a_preview_tells_what_would_be_done_and_does_nothing(for_good: bool) -> None:
    restaurant = serving_restaurant(2, 2, 4)
    bookings = [confirmed(restaurant, party_size=size) for size in (2, 2, 3)]
    table = table_of(bookings[0])
    end = None if for_good else dinner(23)
    before = state_of(restaurant)
    foreseen = preview(table=table, start=NOW, end=end, now=NOW)

    assert state_of(restaurant) == before
    assert foreseen.displaced != ()
    done = block(table, start=NOW, end=end) if end else deactivate_table(table_id=table.pk, now=NOW)
    assert foreseen.displaced == done.displaced


def state_of(restaurant: Restaurant) -> list[Any]:
    return [
        list(Booking.objects.filter(restaurant=restaurant).order_by("pk").values()),
        list(Allocation.objects.filter(restaurant=restaurant).order_by("pk").values()),
        Event.objects.count(),
        OrmQ.objects.count(),
        list(restaurant.tables.order_by("pk").values_list("active", flat=True)),
    ]


class Nobody(TestCase):
    @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        parties=st.lists(st.tuples(st.integers(17, 21), st.integers(1, 4)), min_size=1, max_size=8),
        leaving=st.integers(0, 3),
    )
    def test_nobody_is_lost_whatever_table_leaves(self, parties: list[tuple[int, int]], leaving: int) -> None:
        restaurant = serving_restaurant(2, 2, 4, 4, join=True)
        table = restaurant.tables.order_by("pk")[leaving]
        for hour, size in parties:
            booking = receive(restaurant, start=dinner(hour), party_size=size)
            process_booking(booking_id=booking.pk, trigger="test", edge=EDGE)
        held = set(Allocation.objects.filter(table=table, active=True).values_list("booking_id", flat=True))
        withdrawal = block(table)
        found = fates(withdrawal)
        assert set(found) <= held
        assert not Allocation.objects.filter(
            table=table, active=True, period__overlap=(dinner(18), dinner(23))
        ).exists()
        for booking in Booking.objects.filter(pk__in=found):
            assert (booking.assignment_state == "confirmed") == (found[booking.pk] == "moved")
            assert (tables(booking) != []) == (found[booking.pk] == "moved")
            process_booking(booking_id=booking.pk, trigger="test", edge=EDGE)
        assert sound()

"""A booking is changed at every state: it ends as its state says, and nothing is ever lost."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from assignments import flags
from assignments.coordinator import Confirmed, Noop
from assignments.edge import Edge
from bookings.models import (
    Booking,
    BookingMove,
    ChangeWish,
    PacingLimit,
    StateChange,
    TableBlock,
)
from bookings.seating import NoSeatingError
from bookings.wish_decisions import WishClosedError, accept, decline
from tests.factories import NOW, dinner, receive, serving_restaurant
from tests.integration.bookings.changing import change_to, created
from tests.integration.bookings.evening import (
    assign,
    cancelled,
    confirmed,
    events_of,
    in_state,
    mails,
    meanwhile,
    sound,
    tables,
    tasks,
    told,
)

pytestmark = pytest.mark.django_db


# Before it has a table


@pytest.mark.parametrize(
    "state", ["created", "capacity_verified", "assignment_pending", "assignment_in_progress"]
)
def test_a_booking_that_waits_gets_a_table_of_its_new_wish(state: str) -> None:
    booking = in_state(state)
    before = booking.assignment_state_version
    changed = change_to(booking, party_size=4)

    assert (changed.seating, booking.assignment_state) == ("replanned", "assignment_pending")
    assert booking.assignment_state_version > before
    assert booking.revision == 2
    assert tasks(booking)[-1] == "changed"
    assert StateChange.objects.get(booking=booking, version=booking.assignment_state_version).reason == (
        "booking_changed"
    )
    assign(booking)
    assert [allocation.table.capacity for allocation in booking.allocations.all()] == [4]
    assert mails(booking) == [("confirmation", 2, "pending")]
    assert sound()


def test_a_booking_that_is_being_retried_starts_over_with_its_new_wish() -> None:
    booking = created()
    assign(booking, Edge(clock=meanwhile(broken), jitter=lambda: 0.0))
    assert (booking.assignment_state, booking.assignment_attempts) == ("assignment_pending", 1)
    change_to(booking, party_size=4)

    assert booking.assignment_cycle_start == 1
    assert booking.next_attempt_at == NOW
    assert isinstance(assign(booking), Confirmed)
    assert sound()


def broken() -> None:
    raise RuntimeError("no facts")


def test_a_running_attempt_loses_against_a_change_and_the_booking_is_taken_up_again() -> None:
    """The change comes while the run holds the lock, so that the change's own task may come to nothing."""
    booking = created()
    clock = meanwhile(lambda: change_to(booking, party_size=4))

    assert assign(booking, Edge(clock=clock, jitter=lambda: 0.0)) == Noop(reason="booking_changed")
    assert tables(booking) == []
    assert tasks(booking) == ["intake", "changed", "changed"]
    assert isinstance(assign(booking), Confirmed)
    assert [allocation.table.capacity for allocation in booking.allocations.all()] == [4]
    assert sound()


def test_a_run_without_redis_may_claim_a_booking_that_was_changed_under_another() -> None:
    """The other run's slot still has its lease: it is taken over, and the other run is fenced off."""
    booking = in_state("assignment_in_progress")
    change_to(booking, party_size=4)
    assert isinstance(assign(booking), Confirmed)
    assert sound()


def test_a_booking_in_review_is_planned_again_with_its_new_wish() -> None:
    booking = receive(serving_restaurant(2, 4), party_size=6)
    assign(booking)
    assert booking.assignment_state == "manual_review"
    assert change_to(booking, party_size=4).seating == "replanned"
    assert isinstance(assign(booking), Confirmed)
    assert mails(told(booking))[-1] == ("confirmation", 2, "sent")
    assert sound()


# With a table


def test_a_change_that_suits_the_table_keeps_it() -> None:
    booking = told(confirmed(serving_restaurant(4)))
    held, version = tables(booking), booking.assignment_state_version
    changed = change_to(booking, party_size=4, start=dinner(19, 30))

    assert changed.seating == "kept"
    assert tables(booking) == held
    assert (booking.start_at, booking.party_size) == (dinner(19, 30), 4)
    assert (booking.assignment_state_version, booking.status) == (version, "confirmed")
    assert not BookingMove.objects.exists()
    assert events_of(booking, "booking.changed") == [
        {
            "fields": ["end_at", "party_size", "start_at"],
            "revision": 2,
            "seating": "kept",
            "actor": None,
        }
    ]
    assert mails(told(booking)) == [("confirmation", 1, "sent"), ("changed", 2, "sent")]
    assert sound()


def test_a_change_the_table_does_not_suit_exchanges_it_in_one_transaction() -> None:
    booking = confirmed(serving_restaurant(2, 8, max_slack=2))
    (small,) = tables(booking)
    user = User.objects.create(username="ada")
    changed = change_to(booking, party_size=7, actor_id=user.pk)

    assert changed.seating == "swapped"
    (large,) = tables(booking)
    assert large != small
    move = BookingMove.objects.get()
    assert (move.from_tables, move.to_tables, move.cause) == ([small], [large], "booking_changed")
    assert (move.for_booking_id, move.actor_id) == (None, user.pk)
    assert len(events_of(booking, "booking.moved")) == 1
    assert sound()


def test_others_make_room_for_a_changed_booking() -> None:
    restaurant = serving_restaurant(2, 4)
    changing = confirmed(restaurant)
    other = confirmed(restaurant)
    four = tables(other)
    changed = change_to(changing, party_size=3)

    assert changed.moved == (other.pk,)
    assert tables(changing) == four
    other.refresh_from_db()
    assert tables(other) != four
    assert sound()


def test_without_a_seating_nothing_changes_and_alternatives_are_ranked() -> None:
    restaurant = serving_restaurant(2, 4)
    booking = told(confirmed(restaurant))
    confirmed(restaurant, party_size=4, start=dinner(20))
    before = Booking.objects.values().get(pk=booking.pk)
    held = tables(booking)
    with pytest.raises(NoSeatingError) as refusal:
        change_to(booking, party_size=4, guest_name="Somebody Else")

    assert refusal.value.reason == "no_capacity_at_time"
    offers = refusal.value.alternatives
    assert offers
    assert [offer.cost for offer in offers] == sorted(offer.cost for offer in offers)
    assert all(offer.wish.party_size == 4 and offer.wish.start >= NOW for offer in offers)
    assert Booking.objects.values().get(pk=booking.pk) == before
    assert tables(booking) == held
    assert mails(booking) == [("confirmation", 1, "sent")]
    assert sound()


def test_an_alternative_can_be_had() -> None:
    restaurant = serving_restaurant(2, 4)
    booking = confirmed(restaurant)
    confirmed(restaurant, party_size=4, start=dinner(20))
    with pytest.raises(NoSeatingError) as refusal:
        change_to(booking, party_size=4)
    best = refusal.value.alternatives[0].wish
    assert change_to(booking, party_size=best.party_size, start=best.start, end=best.end).seating == "swapped"


def test_alternatives_keep_to_the_service_and_the_pacing() -> None:
    restaurant = serving_restaurant(2, 4)
    PacingLimit.objects.create(restaurant=restaurant, interval_minutes=15, max_covers=6)
    booking = confirmed(restaurant, start=dinner(17))
    confirmed(restaurant, party_size=4, start=dinner(17, 45))
    with pytest.raises(NoSeatingError) as refusal:
        change_to(booking, party_size=4)
    starts = [offer.wish.start for offer in refusal.value.alternatives]
    assert all(start >= dinner(17) for start in starts)


def test_what_has_no_table_may_be_left_to_people_and_the_booking_stays_valid() -> None:
    restaurant = serving_restaurant(2, 4)
    booking = told(confirmed(restaurant))
    confirmed(restaurant, party_size=4)
    held = tables(booking)
    changed = change_to(booking, party_size=4, notes="birthday", on_no_seating="review")

    assert changed.seating == "wished"
    assert (changed.wish.party_size, changed.wish.reason) == (4, "no_capacity_at_time")
    assert (booking.party_size, booking.notes, booking.revision) == (2, "birthday", 1)
    assert tables(booking) == held
    assert events_of(booking, "case.change_wished") == [{"action": "change", "reason": "no_capacity_at_time"}]
    assert sound()


def test_a_later_change_or_a_cancellation_overtakes_a_wish() -> None:
    restaurant = serving_restaurant(2, 4)
    booking = confirmed(restaurant)
    confirmed(restaurant, party_size=4)
    first = change_to(booking, party_size=4, on_no_seating="review").wish
    second = change_to(booking, party_size=3, on_no_seating="review").wish
    cancelled(booking)
    found = dict(ChangeWish.objects.values_list("pk", "status"))
    assert found == {first.pk: "withdrawn", second.pk: "withdrawn"}


def test_people_accept_a_wish_once_there_is_a_table_and_not_before() -> None:
    restaurant = serving_restaurant(2, 4)
    user = User.objects.create(username="ada")
    booking = confirmed(restaurant)
    blocker = confirmed(restaurant, party_size=4)
    wish = change_to(booking, party_size=4, on_no_seating="review").wish
    with pytest.raises(NoSeatingError):
        accept(wish_id=wish.pk, now=NOW, actor_id=user.pk)
    wish.refresh_from_db()
    assert wish.status == "open"
    cancelled(blocker)
    assert accept(wish_id=wish.pk, now=NOW, actor_id=user.pk).seating == "swapped"
    wish.refresh_from_db()
    assert (wish.status, wish.actor_id, wish.closed_at) == ("accepted", user.pk, NOW)
    with pytest.raises(WishClosedError, match="accepted"):
        decline(wish_id=wish.pk, now=NOW, actor_id=user.pk)
    assert sound()


def test_a_declined_wish_leaves_the_booking_as_it_is() -> None:
    restaurant = serving_restaurant(2, 4)
    user = User.objects.create(username="ada")
    booking = confirmed(restaurant)
    confirmed(restaurant, party_size=4)
    wish = change_to(booking, party_size=4, on_no_seating="review").wish
    assert decline(wish_id=wish.pk, now=NOW, actor_id=user.pk).status == "declined"
    booking.refresh_from_db()
    assert (booking.party_size, booking.status) == (2, "confirmed")


def test_pinned_tables_are_kept_or_the_change_is_refused() -> None:
    restaurant = serving_restaurant(4, 4)
    booking = confirmed(restaurant)
    Booking.objects.filter(pk=booking.pk).update(locked=True)
    held = tables(booking)
    assert change_to(booking, party_size=3).seating == "kept"
    TableBlock.objects.create(
        restaurant=restaurant, table_id=held[0], start_at=dinner(20, 45), end_at=dinner(22)
    )
    with pytest.raises(NoSeatingError, match="pinned"):
        change_to(booking, start=dinner(20))
    assert tables(booking) == held


# Where the legacy planner decides


@pytest.fixture
def legacy_decides(settings: Any) -> None:
    settings.FEATURE_ASSIGNMENT_PIPELINE_V3 = False
    flags.forget()


def test_a_legacy_attempt_loses_against_a_change_as_well(legacy_decides: None) -> None:
    """It stays in its state while it runs, so that only the version tells it."""
    booking = created()
    clock = meanwhile(lambda: change_to(booking, party_size=4))
    assert assign(booking, Edge(clock=clock, jitter=lambda: 0.0)) == Noop(reason="booking_changed")
    assert (tables(booking), tasks(booking)) == ([], ["intake", "changed", "changed"])
    assert isinstance(assign(booking), Confirmed)
    assert [allocation.table.capacity for allocation in booking.allocations.all()] == [4]
    assert sound()


def test_nobody_is_moved_for_a_change_where_legacy_decides(legacy_decides: None) -> None:
    restaurant = serving_restaurant(2, 4)
    booking, other = confirmed(restaurant), confirmed(restaurant)
    held = tables(other)
    with pytest.raises(NoSeatingError) as refusal:
        change_to(booking, party_size=3)
    assert refusal.value.reason == "no_assignment"
    assert tables(other) == held
    best = refusal.value.alternatives
    assert all(offer.kind == "shift" for offer in best)

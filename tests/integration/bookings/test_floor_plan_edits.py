"""Edits of the floor plan: whom they leave without a seat that suits is seated elsewhere or planned again."""

from collections.abc import Callable
from datetime import datetime

import pytest
from django.contrib.auth.models import User
from django_q.models import OrmQ

from assignments.coordinator import Confirmed, process_booking
from assignments.edge import Edge
from bookings.floor_plan_edits import (
    Edited,
    FloorPlanEditError,
    TableChange,
    change_combination,
    change_table,
    remove_combination,
    unlink,
)
from bookings.models import (
    Adjacency,
    Booking,
    BookingMove,
    Combination,
    CombinationTable,
    OutboxMessage,
    Restaurant,
    StateChange,
)
from bookings.moves import pin
from observability.models import Event
from tests.factories import NOW, TableFactory, ZoneFactory, dinner, receive, serving_restaurant
from tests.integration.bookings.evening import assign, confirmed, fates, seated, sound, table_of, tables, told

pytestmark = pytest.mark.django_db


def shrink(booking: Booking, *, to: int = 1, dry_run: bool = False) -> Edited:
    change = TableChange(capacity=to, max_party=to)
    return change_table(table_id=table_of(booking).pk, change=change, now=NOW, dry_run=dry_run)


def test_a_booking_whose_table_becomes_too_small_is_moved_and_hears_nothing() -> None:
    booking = told(confirmed(serving_restaurant(2, 2)))
    table, user = table_of(booking), User.objects.create(username="ada")
    change = TableChange(capacity=1, max_party=1)
    edited = change_table(table_id=table.pk, change=change, now=NOW, actor_id=user.pk)
    assert fates(edited) == {booking.pk: "moved"}
    assert tables(booking) == list(edited.displaced[0].tables) != [table.pk]
    assert BookingMove.objects.get().actor_id == user.pk
    assert OutboxMessage.objects.filter(booking=booking).count() == 1
    event = Event.objects.get(event_type="floor_plan.edited")
    assert (event.context["moved"], event.context["tables"]) == (1, [table.pk])
    assert sound()


def test_a_booking_that_fits_nowhere_else_is_planned_again() -> None:
    booking = confirmed(serving_restaurant(2))
    assert fates(shrink(booking)) == {booking.pk: "replanned"}
    booking.refresh_from_db()
    assert (booking.status, booking.assignment_state) == ("pending", "assignment_pending")
    assert tables(booking) == []
    assert StateChange.objects.get(booking=booking, version=booking.assignment_state_version).reason == (
        "table_withdrawn"
    )
    assert sound()


def test_a_booking_that_staff_pinned_goes_to_people() -> None:
    booking = confirmed(serving_restaurant(2, 2))
    pin(booking_id=booking.pk, locked=True, now=NOW, actor_id=User.objects.create(username="ada").pk)
    assert fates(shrink(booking)) == {booking.pk: "to_people"}
    booking.refresh_from_db()
    assert (booking.assignment_state, booking.locked) == ("manual_review", False)
    assert sound()


def test_a_party_that_sits_stays_and_is_told_of() -> None:
    booking = seated(confirmed(serving_restaurant(2, 2)))
    held = tables(booking)
    assert fates(shrink(booking)) == {booking.pk: "stays"}
    assert tables(booking) == held


def test_of_two_that_lose_their_table_each_finds_one() -> None:
    """At one table, one after the other."""
    restaurant = serving_restaurant(2)
    early, late = confirmed(restaurant, start=dinner(17)), confirmed(restaurant, start=dinner(20))
    other = TableFactory(zone=restaurant.zones.get(), capacity=2)
    assert fates(shrink(early)) == {early.pk: "moved", late.pk: "moved"}
    assert tables(early) == tables(late) == [other.pk]
    assert sound()


ELSEWHERE: dict[str, Callable[[Restaurant], TableChange]] = {
    "another zone": lambda r: TableChange(zone=ZoneFactory(restaurant=r)),
    "without what was asked for": lambda _: TableChange(attributes=[]),
}


@pytest.mark.parametrize("change", ELSEWHERE.values(), ids=ELSEWHERE.keys())
def test_zone_and_attributes_that_were_asked_for_count(
    change: Callable[[Restaurant], TableChange],
) -> None:
    restaurant = serving_restaurant(2, 2)
    restaurant.tables.update(attributes=["window"])
    booking = confirmed(restaurant, zone=restaurant.zones.get(), requires=("window",))
    indifferent = confirmed(restaurant)
    wanted, other = table_of(booking), table_of(indifferent)
    asked = change(restaurant)
    assert fates(change_table(table_id=other.pk, change=asked, now=NOW)) == {}
    assert fates(change_table(table_id=wanted.pk, change=asked, now=NOW)) == {booking.pk: "replanned"}
    assert sound()


TASTES = {
    "more empty seats": TableChange(capacity=12, max_party=12),
    "for larger parties": TableChange(capacity=6, max_party=6, min_party=4),
    "not to be joined": TableChange(movable=False),
    "another name": TableChange(number="Seaside"),
}


@pytest.mark.parametrize("change", TASTES.values(), ids=TASTES.keys())
def test_what_breaks_no_promise_displaces_nobody(change: TableChange) -> None:
    booking = confirmed(serving_restaurant(2, 2))
    held = tables(booking)
    assert change_table(table_id=held[0], change=change, now=NOW).displaced == ()
    assert tables(booking) == held


def test_a_joined_booking_loses_its_tables_when_they_no_longer_stand_side_by_side() -> None:
    restaurant = serving_restaurant(2, 2, join=True)
    booking = confirmed(restaurant, party_size=4)
    link = Adjacency.objects.get()
    assert fates(unlink(adjacency_id=link.pk, now=NOW)) == {booking.pk: "replanned"}
    assert not Adjacency.objects.exists()
    assert sound()


def combination(restaurant: Restaurant, capacity: int) -> Combination:
    named = Combination.objects.create(restaurant=restaurant, name="Pair", capacity=capacity)
    CombinationTable.objects.bulk_create(
        CombinationTable(restaurant=restaurant, combination=named, table=table)
        for table in restaurant.tables.all()
    )
    return named


def test_a_combination_that_takes_fewer_guests_or_goes_displaces_those_who_needed_it() -> None:
    restaurant = serving_restaurant(2, 2, join=True)
    named = combination(restaurant, capacity=5)
    booking = confirmed(restaurant, party_size=5)
    gone = remove_combination(combination_id=named.pk, now=NOW, dry_run=True)
    smaller = change_combination(combination_id=named.pk, capacity=4, now=NOW)
    assert fates(gone) == fates(smaller) == {booking.pk: "replanned"}
    assert sound()


def test_a_preview_tells_what_would_happen_and_changes_nothing() -> None:
    restaurant = serving_restaurant(2, 2)
    booking = confirmed(restaurant)
    held, waiting, events = tables(booking), OrmQ.objects.count(), Event.objects.count()
    preview = shrink(booking, dry_run=True)
    assert (tables(booking), OrmQ.objects.count(), Event.objects.count()) == (held, waiting, events)
    assert table_of(booking).capacity == 2
    assert shrink(booking) == preview


def test_a_plan_that_was_only_tried_out_is_never_planned_with() -> None:
    """Processes keep floor plans by their version, and one that is rolled back does not come again."""
    restaurant = serving_restaurant(2, 2)
    booking = confirmed(restaurant)
    (other,) = restaurant.tables.exclude(pk=table_of(booking).pk)
    shrink(booking, dry_run=True)
    change_table(table_id=other.pk, change=TableChange(number="Seaside"), now=NOW)
    restaurant.refresh_from_db()
    for _ in restaurant.tables.all():
        assert isinstance(assign(receive(restaurant, start=dinner(22))), Confirmed)


def test_an_edit_that_makes_room_has_open_reviews_planned_again() -> None:
    restaurant = serving_restaurant(2, 2)
    OrmQ.objects.all().delete()
    change_table(
        table_id=restaurant.tables.earliest("pk").pk,
        change=TableChange(capacity=6, max_party=6),
        now=NOW,
    )
    assert [row.task["func"] for row in OrmQ.objects.all()] == ["assignments.tasks.plan_reviews_again"]


def test_a_link_that_a_combination_needs_stays() -> None:
    restaurant = serving_restaurant(2, 2, join=True)
    combination(restaurant, capacity=5)
    with pytest.raises(FloorPlanEditError, match="not all connected"):
        unlink(adjacency_id=Adjacency.objects.get().pk, now=NOW)
    assert Adjacency.objects.exists()


BAD: dict[str, tuple[Callable[[], TableChange], str]] = {
    "capacity": (lambda: TableChange(capacity=0, max_party=0), "greater than or equal to 1"),
    "max_party": (lambda: TableChange(capacity=2, max_party=3), "tables_max_party_fits"),
    "attributes": (lambda: TableChange(attributes=["throne"]), "throne"),
    "zone": (lambda: TableChange(zone=ZoneFactory()), "another restaurant"),
    "number": (lambda: TableChange(number=""), "blank"),
}


@pytest.mark.parametrize(("change", "why"), BAD.values(), ids=BAD.keys())
def test_values_that_no_table_has_are_refused(change: Callable[[], TableChange], why: str) -> None:
    table = serving_restaurant(2).tables.get()
    with pytest.raises(FloorPlanEditError, match=why):
        change_table(table_id=table.pk, change=change(), now=NOW)


def test_a_run_that_planned_on_the_old_plan_takes_no_table_of_it() -> None:
    """The edit comes between the run's facts and its commit; the run plans again on the new plan."""
    restaurant = serving_restaurant(2, 4)
    booking = receive(restaurant)
    small = restaurant.tables.get(capacity=2)
    readings = iter(["claim", "facts", "commit"])

    def clock() -> datetime:
        if next(readings, None) == "commit":
            change = TableChange(capacity=1, max_party=1)
            change_table(table_id=small.pk, change=change, now=NOW)
        return NOW

    edge = Edge(clock=clock, jitter=lambda: 0.0)
    assert isinstance(process_booking(booking_id=booking.pk, trigger="test", edge=edge), Confirmed)
    assert table_of(booking).capacity == 4
    assert sound()

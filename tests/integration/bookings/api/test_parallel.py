"""Requests that meet: whatever comes at the same moment, each gets a documented answer and nothing breaks."""

from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from django.utils import timezone

from assignments.coordinator import process_booking
from bookings.floor_plan_edits import TableChange, change_table
from bookings.models import Booking, Restaurant, Table
from tests.factories import serving_restaurant
from tests.integration.bookings.api.conftest import Caller, issue
from tests.integration.bookings.api.test_idempotency import at_once
from tests.integration.bookings.api.wishes import tomorrow_at, wish
from tests.integration.bookings.evening import sound, tables


def caller_at(restaurant: Restaurant) -> Callable[[], Caller]:
    """Callers with a client of their own each: one is for one thread."""
    secret = issue(restaurant).secret
    return lambda: Caller(secret=secret)


def placed(web: Caller, **wishes: Any) -> Booking:
    booking = Booking.objects.get(reference=web.post("bookings", wish(**wishes)).json()["reference"])
    process_booking(booking_id=booking.pk, trigger="test")
    booking.refresh_from_db()
    assert booking.assignment_state == "confirmed"
    return booking


def all_at_once(*works: Callable[[], Any]) -> list[Any]:
    """The answers of different requests at the same moment, in any order."""
    waiting = SimpleQueue[Callable[[], Any]]()
    for work in works:
        waiting.put(work)

    def next_of_them() -> Any:
        work = waiting.get()
        return work()

    return at_once(len(works), next_of_them)


def changing(caller: Callable[[], Caller], booking: Booking, **wish: Any) -> Callable[[], Any]:
    return lambda: caller().patch(f"bookings/{booking.reference}", wish)


def cancelling(caller: Callable[[], Caller], booking: Booking) -> Callable[[], Any]:
    return lambda: caller().post(f"bookings/{booking.reference}/cancel")


def test_two_changes_of_a_booking_at_once_leave_it_as_one_of_them_said(committed_db: None) -> None:
    caller = caller_at(serving_restaurant(2, 2, slug="anchor"))
    booking = placed(caller(), start=tomorrow_at(17).isoformat())
    later = changing(caller, booking, start=tomorrow_at(20).isoformat())
    smaller = changing(caller, booking, party_size=1)
    answers = all_at_once(later, smaller, later, smaller)
    statuses = {answer.status_code for answer in answers}
    assert 200 in statuses
    assert statuses <= {200, 409}
    booking.refresh_from_db()
    assert booking.party_size == 1 or booking.start_at.hour == 20
    assert len(tables(booking)) == 1
    assert sound()


def test_a_cancellation_beside_a_run_ends_cancelled_and_holds_no_table(committed_db: None) -> None:
    caller = caller_at(serving_restaurant(2, slug="anchor"))
    booking = Booking.objects.get(reference=caller().post("bookings", wish()).json()["reference"])
    answers = all_at_once(
        lambda: process_booking(booking_id=booking.pk, trigger="test"), cancelling(caller, booking)
    )
    assert 200 in {getattr(answer, "status_code", None) for answer in answers}
    booking.refresh_from_db()
    assert (booking.status, booking.assignment_state, tables(booking)) == ("cancelled", "cancelled", [])
    assert sound()


def test_changes_steps_and_edits_of_the_floor_plan_at_once_end_sound(committed_db: None) -> None:
    """Everything that takes, gives up or withdraws tables of one evening, at the same moment."""
    restaurant = serving_restaurant(2, 2, 4, slug="anchor")
    caller = caller_at(restaurant)
    first, second = placed(caller()), placed(caller())
    held = tables(first)[0]

    def shrink() -> None:
        change = TableChange(capacity=1, max_party=1)
        change_table(table_id=held, change=change, now=timezone.now())

    answers = all_at_once(
        shrink,
        changing(caller, first, party_size=1),
        changing(caller, second, start=tomorrow_at(20).isoformat()),
        cancelling(caller, second),
        lambda: caller().post(f"bookings/{first.reference}/check-in"),
        lambda: caller().post("bookings", wish()),
    )
    statuses = {answer.status_code for answer in answers if answer is not None}
    assert statuses <= {200, 201, 409, 422}
    second.refresh_from_db()
    assert (second.status, tables(second)) == ("cancelled", [])
    for booking in Booking.objects.filter(assignment_state__in=["created", "assignment_pending"]):
        process_booking(booking_id=booking.pk, trigger="test")
    assert Table.objects.get(pk=held).capacity == 1
    assert sound()

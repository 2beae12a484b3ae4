"""What people do about stuck bookings, and what they are refused."""

from collections.abc import Callable

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django_q.models import OrmQ

from assignments.coordinator import process_booking
from assignments.models import Attempt, ReviewCase
from assignments.stuck.causes import stuck_bookings
from assignments.stuck.rescues import Rescue, RescueError, foresee, requeue, send_to_review
from bookings.models import Booking, MailKind, OutboxMessage, Restaurant
from bookings.states import State
from observability.models import Event
from observability.scope import Scope
from tests.factories import NOW, serving_restaurant
from tests.integration.assignments.review.scenes import EDGE
from tests.integration.assignments.stuck.scenes import (
    age,
    expired_lease,
    missed_retry,
    never_enqueued,
    queued,
    running,
)
from tests.invariants import breaches

pytestmark = pytest.mark.django_db
SCENES = [expired_lease, missed_retry, never_enqueued]
Scene = Callable[[Restaurant], Booking]
Act = Callable[..., None]


@pytest.fixture
def house() -> Restaurant:
    return serving_restaurant(2, 2)


@pytest.fixture
def lead(db: None) -> User:
    return User.objects.create(username="lead", is_staff=True)


def act(step: Act, booking: Booking, user: User) -> None:
    step(booking_id=booking.pk, seen_version=booking.assignment_state_version, user=user, now=NOW)
    booking.refresh_from_db()


@pytest.mark.parametrize("scene", SCENES)
def test_a_requeued_booking_waits_with_a_task_and_gets_its_table(
    scene: Scene, house: Restaurant, lead: User
) -> None:
    booking = scene(house)
    version = booking.assignment_state_version
    OrmQ.objects.all().delete()
    act(requeue, booking, lead)
    assert booking.assignment_state == State.ASSIGNMENT_PENDING
    assert booking.assignment_state_version > version
    assert queued() == [booking.pk]
    latest = booking.state_history.last()
    assert latest is not None
    assert latest.actor == lead
    assert Event.objects.filter(
        booking_id=booking.pk, context__version=booking.assignment_state_version
    ).exists()
    assert LogEntry.objects.get(object_id=str(booking.pk)).change_message.endswith("planned again.")
    process_booking(booking_id=booking.pk, trigger="requeued", edge=EDGE)
    booking.refresh_from_db()
    assert booking.assignment_state == State.CONFIRMED
    assert breaches(unfinished=True) == {}


@pytest.mark.parametrize("scene", SCENES)
def test_a_booking_sent_to_review_opens_a_case_and_tells_the_guest(
    scene: Scene, house: Restaurant, lead: User
) -> None:
    booking = scene(house)
    act(send_to_review, booking, lead)
    assert booking.assignment_state == State.MANUAL_REVIEW
    assert ReviewCase.objects.get(booking=booking).reason == "staff"
    assert OutboxMessage.objects.filter(booking=booking, kind=MailKind.RECEIVED).exists()
    assert Attempt.objects.filter(booking=booking, result="lost").exists() == (scene is expired_lease)
    assert LogEntry.objects.get(object_id=str(booking.pk)).user == lead
    assert breaches(unfinished=True) == {}


@pytest.mark.parametrize("step", [requeue, send_to_review])
def test_of_two_people_one_acts_and_the_other_is_told(step: Act, house: Restaurant, lead: User) -> None:
    booking = missed_retry(house)
    seen = booking.assignment_state_version
    act(requeue, booking, lead)
    with pytest.raises(RescueError, match="moved on"):
        step(booking_id=booking.pk, seen_version=seen, user=lead, now=NOW)


def test_what_is_no_longer_stuck_is_left_alone(house: Restaurant, lead: User) -> None:
    booking = never_enqueued(house)
    age(booking, seconds=0)
    with pytest.raises(RescueError, match="no longer stuck"):
        act(requeue, booking, lead)
    assert not LogEntry.objects.exists()


def test_a_live_run_is_not_interrupted_and_the_dry_run_says_so(house: Restaurant, lead: User) -> None:
    booking = running(house)
    age(booking, minutes=11)
    with pytest.raises(RescueError, match="still holds the lease"):
        act(requeue, booking, lead)
    (found,) = stuck_bookings(scope=Scope(restaurants=None))
    assert "may yet finish" in foresee(found, Rescue.REVIEW).refusal


def test_the_dry_run_writes_nothing(house: Restaurant) -> None:
    booking = expired_lease(house)
    (found,) = stuck_bookings(scope=Scope(restaurants=None))
    assert "recorded as lost" in foresee(found, Rescue.REQUEUE).words
    assert "A case opens" in foresee(found, Rescue.REVIEW).words
    booking.refresh_from_db()
    assert booking.assignment_state_version == found.version

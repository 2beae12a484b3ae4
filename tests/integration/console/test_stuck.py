"""The page of stuck bookings: what it lists, who may act, and what a dry run leaves alone."""

from datetime import timedelta
from itertools import pairwise

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bookings.models import Booking, MailStatus, OutboxMessage, Restaurant
from bookings.states import State
from config.roles import OPS_AGENT, OPS_LEAD
from observability import events
from observability.metrics.backlog import stuck_by_hour
from observability.rollups import roll_up
from observability.scope import Scope
from tests.factories import serving_restaurant
from tests.integration.assignments.stuck.scenes import age, expired_lease, missed_retry, never_enqueued
from tests.integration.console.test_floor import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> Restaurant:
    return serving_restaurant(2, 2)


def test_bookings_are_listed_by_cause_with_lease_and_attempts(house: Restaurant) -> None:
    bookings = [missed_retry(house), never_enqueued(house), expired_lease(house)]
    page = client_of(OPS_AGENT, house).get("/stuck/").content.decode()
    for booking in bookings:
        assert booking.reference in page
    for words in ("Expired lease", "Missed retry", "Never taken up", "lapsed 1 min ago", "1 of 5"):
        assert words in page
    assert "Standing still" not in page
    assert 'name="one"' not in page


def test_mails_that_may_have_gone_out_are_listed_to_be_decided(house: Restaurant) -> None:
    booking = never_enqueued(house)
    mail = OutboxMessage.objects.create(
        booking=booking,
        kind="confirmation",
        revision=1,
        message_id="<a@b>",
        status=MailStatus.UNKNOWN,
        claimed_at=timezone.now() - timedelta(hours=2),
    )
    page = client_of(OPS_AGENT, house).get("/stuck/").content.decode()
    assert f"/bookings/outboxmessage/{mail.pk}/change/" in page
    assert "2 h 00" in page


def test_nothing_of_another_restaurant_is_shown_or_touched(house: Restaurant) -> None:
    booking = never_enqueued(serving_restaurant(2))
    client = client_of(OPS_AGENT, house)
    assert "Nothing is stuck" in client.get("/stuck/").content.decode()
    lead = client_of(OPS_LEAD, house, name="lead")
    user = User.objects.get(username="lead")
    user.groups.clear()
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_booking", "requeue_stuck"]))
    key = f"{booking.pk}:{booking.assignment_state_version}"
    answer = lead.post("/stuck/rescue/", {"kind": "requeue", "booking": key, "sure": "yes"})
    assert answer.status_code == 302
    booking.refresh_from_db()
    assert booking.assignment_state == State.CREATED


def test_acting_needs_its_permission(house: Restaurant) -> None:
    booking = never_enqueued(house)
    sent = {"one": f"requeue {booking.pk}:1", "sure": "yes"}
    assert client_of(OPS_AGENT, house).post("/stuck/rescue/", sent).status_code == 403
    assert client_of(OPS_LEAD, name="lead").get("/stuck/rescue/").status_code == 405


def test_a_row_is_previewed_and_then_requeued(house: Restaurant) -> None:
    booking, lead = never_enqueued(house), client_of(OPS_LEAD, name="lead")
    key = f"{booking.pk}:{booking.assignment_state_version}"
    assert f'value="requeue {key}"' in lead.get("/stuck/").content.decode()
    preview = lead.post("/stuck/rescue/", {"one": f"requeue {key}"}).content.decode()
    assert "nothing has been done yet" in preview
    assert "Requeue, 1 booking" in preview
    booking.refresh_from_db()
    assert booking.assignment_state == State.CREATED
    done = lead.post("/stuck/rescue/", {"kind": "requeue", "booking": key, "sure": "yes"}).content.decode()
    assert "1 of 1 done" in done
    booking.refresh_from_db()
    assert booking.assignment_state == State.ASSIGNMENT_PENDING


def test_one_that_moved_on_does_not_keep_the_others_from_it(house: Restaurant) -> None:
    gone, stays = never_enqueued(house), missed_retry(house)
    lead = client_of(OPS_LEAD, name="lead")
    keys = [f"{gone.pk}:99", f"{stays.pk}:{stays.assignment_state_version}"]
    page = lead.post("/stuck/rescue/", {"kind": "review", "booking": keys, "sure": "yes"}).content.decode()
    assert "1 of 2 done" in page
    assert "It moved on since you saw it." in page


@pytest.mark.parametrize("sent", [{}, {"kind": "burn", "booking": "1:1"}, {"kind": "review", "booking": "x"}])
def test_nothing_chosen_is_told(sent: dict[str, str], house: Restaurant) -> None:
    lead = client_of(OPS_LEAD, name="lead")
    answer = lead.post("/stuck/rescue/", sent, follow=True)
    assert "Tick at least one stuck booking" in answer.content.decode()


def test_the_trend_counts_a_booking_in_each_hour_it_was_stuck(house: Restaurant) -> None:
    booking = never_enqueued(house)
    age(booking, hours=3)
    counts = stuck_by_hour(now=timezone.now(), scope=Scope(restaurants=frozenset({house.pk})))
    assert len(counts) == 24
    assert sum(counts.values()) in (3, 4)
    assert not any(stuck_by_hour(now=timezone.now(), scope=Scope(restaurants=frozenset())).values())


def test_the_trend_knows_stays_that_are_over(house: Restaurant) -> None:
    booking = never_enqueued(house)
    lead = client_of(OPS_LEAD, name="lead")
    type(booking).objects.filter(pk=booking.pk).update(created_at=Now() - timedelta(minutes=30))
    key = f"{booking.pk}:{booking.assignment_state_version}"
    lead.post("/stuck/rescue/", {"kind": "requeue", "booking": key, "sure": "yes"})
    assert sum(stuck_by_hour(now=timezone.now(), scope=Scope(restaurants=None)).values()) in (1, 2)


def test_a_refresh_leaves_the_trend_out(house: Restaurant) -> None:
    client = client_of(OPS_AGENT, house)
    assert "The last 24 hours" in client.get("/stuck/").content.decode()
    assert "The last 24 hours" not in client.get("/stuck/", headers={"HX-Request": "true"}).content.decode()


def test_the_number_of_queries_does_not_grow_with_the_rows(house: Restaurant) -> None:
    client = client_of(OPS_AGENT, house)
    never_enqueued(house)
    with CaptureQueriesContext(
        connection,
    ) as few:
        client.get("/stuck/")
    for _ in range(4):
        for scene in (never_enqueued, missed_retry, expired_lease):
            scene(house)
    with CaptureQueriesContext(connection) as many:
        client.get("/stuck/")
    assert len(many) <= len(few)


@pytest.mark.parametrize("is_counted", [False, True])
@pytest.mark.parametrize(
    "path",
    [
        # Its first outcome took long; it was cancelled where it stood; it stood after people sent it back.
        ["created", "assignment_pending", "assignment_in_progress", "confirmed"],
        ["created", "assignment_pending", "cancelled"],
        ["manual_review", "assignment_pending", "assignment_in_progress", "confirmed"],
    ],
)
def test_the_trend_finds_a_stay_of_each_kind_counted_or_not(
    house: Restaurant, path: list[str], is_counted: bool
) -> None:
    """Each stands in assignment_pending from three hours ago to half an hour less."""
    booking = never_enqueued(house)
    began = timezone.now() - timedelta(hours=3)
    status = "cancelled" if path[-1] == "cancelled" else "pending"
    Booking.objects.filter(pk=booking.pk).update(created_at=began, assignment_state=path[-1], status=status)
    times = [began, *(began + timedelta(minutes=30, seconds=number) for number in range(len(path)))]
    events.record(
        [
            events.Record(
                source=events.STATE_MACHINE,
                event_type="booking.assignment_state_transition",
                at=at,
                restaurant_id=house.pk,
                booking_id=booking.pk,
                context={"from": origin, "to": target, "version": version},
            )
            for version, (at, (origin, target)) in enumerate(zip(times, pairwise(path), strict=False), 2)
        ]
    )
    if is_counted:
        roll_up()
    assert sum(stuck_by_hour(now=timezone.now(), scope=Scope(restaurants=None)).values()) in (1, 2)

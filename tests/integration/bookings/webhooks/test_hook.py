"""What endpoints are told is written with the transition, or not at all."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from assignments.coordinator import process_booking
from bookings.cancellation import cancel
from bookings.models import Booking, WebhookDelivery
from bookings.service_time import check_in, complete, mark_no_show
from bookings.states import State
from bookings.walk_ins import walk_in
from bookings.webhooks import hook
from bookings.webhooks.body import body_of
from tests.factories import NOW, dinner, receive, serving_restaurant
from tests.integration.bookings.webhooks.conftest import endpoint_at

pytestmark = pytest.mark.django_db

URL = "https://shop.example/hooks"


def processed(**wishes: Any) -> Booking:
    booking = receive(serving_restaurant(4), **wishes)
    process_booking(booking_id=booking.pk, trigger="test")
    booking.refresh_from_db()
    return booking


def told() -> list[tuple[str, int, str]]:
    rows = WebhookDelivery.objects.order_by("id")
    return list(rows.values_list("event", "version", "booking_status"))


def test_each_state_in_which_a_booking_rests_is_told_with_its_version() -> None:
    endpoint_at(URL)
    booking = processed()
    cancel(booking_id=booking.pk, now=NOW)
    assert told() == [("booking.confirmed", 6, "confirmed"), ("booking.cancelled", 7, "cancelled")]


STEPS: dict[str, tuple[Callable[..., Booking], ...]] = {
    "completed": (check_in, complete),
    "no_show": (mark_no_show,),
}


@pytest.mark.parametrize("steps", STEPS.values(), ids=STEPS.keys())
def test_each_step_of_the_service_time_is_told_with_the_version_of_its_state(
    steps: tuple[Callable[..., Booking], ...],
) -> None:
    endpoint_at(URL)
    booking = processed()
    for step in steps:
        booking = step(booking_id=booking.pk, now=booking.start_at)
    last = f"booking.{booking.status}", 6, booking.status
    assert told()[-1] == last
    assert len(told()) == 1 + len(steps)
    data = json.loads(body_of(WebhookDelivery.objects.earliest("id")))["data"]
    newest = json.loads(body_of(WebhookDelivery.objects.latest("id")))["data"]
    assert (newest["state"], newest["status"]) == ("confirmed", booking.status)
    assert newest["version"] == data["version"]


def test_a_step_that_is_taken_back_is_not_told() -> None:
    endpoint_at(URL)
    booking = processed()
    with transaction.atomic():
        check_in(booking_id=booking.pk, now=NOW)
        transaction.set_rollback(True)
    assert [event for event, _, _ in told()] == ["booking.confirmed"]


def test_a_walk_in_is_told_as_confirmed_and_as_checked_in() -> None:
    endpoint_at(URL)
    walk_in(restaurant=serving_restaurant(2), party_size=2, channel="web", now=dinner(19))
    assert told() == [
        ("booking.confirmed", 6, "checked_in"),
        ("booking.checked_in", 6, "checked_in"),
    ]


def test_a_booking_in_review_is_told() -> None:
    endpoint_at(URL)
    processed(party_size=9)
    assert [event for event, _, _ in told()] == ["booking.manual_review"]


@pytest.mark.parametrize(
    "fields", [{"channel": "phone"}, {"active": False}, {"events": ["booking.cancelled"]}]
)
def test_nobody_is_told_who_did_not_ask(fields: dict[str, Any]) -> None:
    endpoint_at(URL, **fields)
    processed()
    assert told() == []


def test_each_endpoint_of_the_channel_is_told() -> None:
    endpoint_at(URL)
    endpoint_at(URL + "/2")
    processed()
    assert len(told()) == 2


def test_what_is_told_shares_the_fate_of_the_transition() -> None:
    endpoint_at(URL)
    booking = processed()
    with transaction.atomic():
        cancel(booking_id=booking.pk, now=NOW)
        transaction.set_rollback(True)
    assert [event for event, _, _ in told()] == ["booking.confirmed"]


def test_without_an_endpoint_a_transition_asks_nothing_more() -> None:
    first, second = processed(), processed()
    hook.announce(booking_id=first.pk, state=State.CONFIRMED, version=9, at=NOW)
    with CaptureQueriesContext(connection) as queries:
        cancel(booking_id=second.pk, now=NOW)
    assert [query["sql"] for query in queries if "webhook" in query["sql"]] == []


def test_a_new_endpoint_is_known_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    processed()
    endpoint_at(URL)
    processed()
    assert told() == []
    later = time.monotonic() + hook.FRESH_SECONDS + 1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    processed()
    assert len(told()) == 1

"""Deliveries reach a real receiver, signed and at least once, whatever it answers."""

import base64
import hashlib
import hmac
import re
import socket
import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from assignments.coordinator import process_booking
from bookings.models import Booking, DeliveryStatus, WebhookDelivery, WebhookEndpoint
from bookings.webhooks import addresses, delivery
from bookings.webhooks.endpoints import disable, resend, send_test
from bookings.webhooks.post import Outcome, post
from bookings.webhooks.signing import secret_of
from observability.database_clock import database_now
from observability.models import Event
from tests.factories import NOW, dinner, receive, serving_restaurant
from tests.integration.bookings.postbox import free_port
from tests.integration.bookings.receiver import Call, Receiver
from tests.integration.bookings.webhooks.conftest import endpoint_at

pytestmark = pytest.mark.django_db


def confirmed() -> Booking:
    """A booking at 18:30 in New York."""
    restaurant = serving_restaurant(4, timezone="America/New_York")
    booking = receive(restaurant, start=dinner(23, 30))
    process_booking(booking_id=booking.pk, trigger="test")
    return booking


def told_of(endpoint: WebhookEndpoint) -> WebhookDelivery:
    """One delivery that waits for this endpoint."""
    confirmed()
    return endpoint.deliveries.get()


def verify(call: Call, secret: str) -> bool:
    """As a receiver does, by the words of the standard."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{call.headers['webhook-id']}.{call.headers['webhook-timestamp']}.".encode() + call.body
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return expected in call.headers["webhook-signature"].split(" ")


def events() -> list[str]:
    return list(Event.objects.filter(source="webhooks").order_by("id").values_list("event_type", flat=True))


def rested(endpoint: WebhookEndpoint) -> None:
    """As if the time until the next try were over."""
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(retry_at=None)
    endpoint.deliveries.filter(status="pending").update(due_at=database_now())


# What a receiver gets -----------------------------------------------------------------------------


def test_a_receiver_is_told_reference_state_and_local_times_and_nothing_of_the_guest(
    receiver: Receiver,
) -> None:
    endpoint = endpoint_at(receiver.url)
    row = told_of(endpoint)
    assert delivery.drain(endpoint.pk) == 1
    [call] = receiver.calls
    assert row.booking is not None
    assert call.content == {
        "type": "booking.confirmed",
        "timestamp": row.happened_at.isoformat(),
        "data": {
            "reference": row.booking.reference,
            "restaurant": row.booking.restaurant.slug,
            "state": "confirmed",
            "status": "confirmed",
            "version": 6,
            "start": "2027-03-05T18:30:00-05:00",
            "end": "2027-03-05T19:45:00-05:00",
            "timezone": "America/New_York",
        },
    }
    assert not re.search(rb"ada|guest", call.body, re.IGNORECASE)
    row.refresh_from_db()
    assert (row.status, row.attempts, row.answer, row.last_error) == (DeliveryStatus.SENT, 1, 204, "")
    assert events() == ["webhook.sent"]


def test_the_signature_is_that_of_the_standard(receiver: Receiver) -> None:
    endpoint = endpoint_at(receiver.url)
    row = told_of(endpoint)
    delivery.drain(endpoint.pk)
    [call] = receiver.calls
    assert call.headers["webhook-id"] == str(row.uid)
    assert abs(int(call.headers["webhook-timestamp"]) - database_now().timestamp()) < 10
    assert verify(call, secret_of(endpoint.salt))
    assert not verify(call, secret_of("another salt"))


def test_during_a_change_of_the_secret_key_both_signatures_go_along(
    receiver: Receiver, settings: Any
) -> None:
    endpoint = endpoint_at(receiver.url)
    old = secret_of(endpoint.salt)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "new" * 20
    told_of(endpoint)
    delivery.drain(endpoint.pk)
    assert verify(receiver.calls[0], old)
    assert verify(receiver.calls[0], secret_of(endpoint.salt))


def test_every_try_says_the_same_under_the_same_id(receiver: Receiver) -> None:
    endpoint = endpoint_at(receiver.url)
    row = told_of(endpoint)
    receiver.answer = 500
    delivery.drain(endpoint.pk)
    Booking.objects.update(status="cancelled", start_at=dinner(18))
    receiver.answer = 200
    rested(endpoint)
    delivery.drain(endpoint.pk)
    first, second = receiver.calls
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    row.refresh_from_db()
    assert (row.status, row.attempts) == (DeliveryStatus.SENT, 2)


# Receivers that fail ------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [301, 400, 404, 429, 500, 503])
def test_what_is_not_taken_is_tried_again_later(receiver: Receiver, answer: int) -> None:
    endpoint = endpoint_at(receiver.url)
    row = told_of(endpoint)
    receiver.answer = answer
    assert (delivery.drain(endpoint.pk), delivery.drain(endpoint.pk)) == (1, 0)
    row.refresh_from_db()
    assert (row.status, row.answer, row.last_error) == (
        DeliveryStatus.PENDING, answer, f"answered {answer}",
    )  # fmt: skip
    first = delivery.RETRY_DELAYS[0]
    assert first - timedelta(seconds=3) < row.due_at - database_now() < first * 1.25
    assert events() == ["webhook.retry"]


def test_redirects_are_not_followed(receiver: Receiver) -> None:
    receiver.answer, receiver.location = 307, receiver.url + "/elsewhere"
    endpoint = endpoint_at(receiver.url)
    told_of(endpoint)
    delivery.drain(endpoint.pk)
    assert [call.path for call in receiver.calls] == ["/hooks"]


@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        ({"hang_up": True}, "no connection"),
        ({"wait": 2.0}, "no answer in time"),
        ({"drip": 0.1}, "no connection"),
    ],
)
def test_a_receiver_that_dies_or_dawdles_costs_little_and_is_left_alone_for_a_while(
    receiver: Receiver, trouble: dict[str, Any], error: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bookings.webhooks.post.TIMEOUT", (0.5, 0.5))
    monkeypatch.setattr(addresses, "CUT_AFTER", 1.0)
    vars(receiver).update(trouble)
    endpoint = endpoint_at(receiver.url)
    row = told_of(endpoint)
    confirmed()
    began = time.monotonic()
    assert delivery.drain(endpoint.pk) == 1  # the second has to wait as well
    assert time.monotonic() - began < 2.0
    row.refresh_from_db()
    assert (row.status, row.answer, row.last_error) == (DeliveryStatus.PENDING, None, error)
    endpoint.refresh_from_db()
    assert (endpoint.failures, endpoint.busy_until) == (1, None)
    assert (delivery.dispatch(), delivery.drain(endpoint.pk)) == (0, 0)

    vars(receiver).update(hang_up=False, wait=0.0, drip=0.0)
    rested(endpoint)
    assert delivery.drain(endpoint.pk) == 2
    endpoint.refresh_from_db()
    assert (endpoint.failures, endpoint.failing_since, endpoint.retry_at) == (0, None, None)


def test_a_receiver_that_is_not_there_is_tried_again() -> None:
    endpoint = endpoint_at(f"http://127.0.0.1:{free_port()}/hooks")
    row = told_of(endpoint)
    delivery.drain(endpoint.pk)
    row.refresh_from_db()
    assert (row.status, row.last_error) == (DeliveryStatus.PENDING, "no connection")


def test_a_name_server_that_is_silent_costs_little(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def silent(*_: Any, **__: Any) -> list[Any]:
        over.wait(5)
        return []

    monkeypatch.setattr(addresses, "TIMEOUT", (0.2, 0.2))
    monkeypatch.setattr(socket, "getaddrinfo", silent)
    endpoint = endpoint_at("https://shop.example/hooks")
    row = told_of(endpoint)
    outcome = post(row, at=database_now())
    over.set()
    assert (outcome.reached, outcome.error) == (False, "no answer in time")


@pytest.mark.parametrize("host", ["nowhere.invalid", "a" * 70 + ".example", "..."])
def test_a_name_that_leads_nowhere_is_no_connection(host: str) -> None:
    row = told_of(endpoint_at(f"https://{host}/hooks"))
    assert post(row, at=database_now()).error == "no connection"


def test_after_a_day_a_delivery_is_dead(receiver: Receiver) -> None:
    endpoint = endpoint_at(receiver.url)
    row = told_of(endpoint)
    WebhookDelivery.objects.update(expires_at=database_now() + timedelta(seconds=2))
    receiver.answer = 500
    delivery.drain(endpoint.pk)
    row.refresh_from_db()
    assert (row.status, events()) == (DeliveryStatus.DEAD, ["webhook.dead"])
    assert delivery.drain(endpoint.pk) == 0


def test_what_waits_for_a_resting_endpoint_dies_in_its_time_too() -> None:
    endpoint = endpoint_at("http://127.0.0.1:1/hooks", retry_at=database_now() + timedelta(days=2))
    row = told_of(endpoint)
    WebhookDelivery.objects.update(expires_at=database_now())
    assert delivery.dispatch() == 0
    row.refresh_from_db()
    assert (row.status, events()) == (DeliveryStatus.DEAD, ["webhook.dead"])


# Endpoints that are given up ----------------------------------------------------------------------


def test_an_endpoint_that_failed_for_days_is_disabled_and_says_why(receiver: Receiver) -> None:
    receiver.answer = 502
    endpoint = endpoint_at(receiver.url, failing_since=database_now() - delivery.DISABLE_AFTER)
    told_of(endpoint)
    delivery.drain(endpoint.pk)
    endpoint.refresh_from_db()
    assert not endpoint.active
    assert endpoint.disabled_reason == "nothing was taken for 5 days; last: answered 502"
    assert events() == ["webhook.retry", "webhook.disabled"]
    rested(endpoint)
    assert (delivery.dispatch(), delivery.drain(endpoint.pk)) == (0, 0)


def test_an_endpoint_that_is_gone_is_disabled_at_once(receiver: Receiver) -> None:
    receiver.answer = 410
    endpoint = endpoint_at(receiver.url)
    row = told_of(endpoint)
    delivery.drain(endpoint.pk)
    endpoint.refresh_from_db()
    row.refresh_from_db()
    assert (endpoint.active, row.status) == (False, DeliveryStatus.DEAD)
    assert "410" in endpoint.disabled_reason


# Workers ------------------------------------------------------------------------------------------


def test_due_endpoints_are_given_to_workers(receiver: Receiver) -> None:
    assert delivery.dispatch() == 0
    endpoint = endpoint_at(receiver.url)
    assert delivery.dispatch() == 0
    told_of(endpoint)
    assert delivery.dispatch() == 1
    task = SignedPackage.loads(OrmQ.objects.latest("id").payload)
    assert (task["func"], task["args"]) == ("bookings.tasks.post_webhooks", (endpoint.pk,))


def test_one_worker_at_a_time_is_at_an_endpoint(receiver: Receiver) -> None:
    endpoint = endpoint_at(receiver.url, busy_until=database_now() + timedelta(seconds=30))
    told_of(endpoint)
    assert (delivery.dispatch(), delivery.drain(endpoint.pk)) == (0, 0)
    WebhookEndpoint.objects.update(busy_until=database_now() - timedelta(seconds=1))
    assert (delivery.dispatch(), delivery.drain(endpoint.pk)) == (1, 1)


def test_a_delivery_whose_sender_died_is_posted_again(receiver: Receiver) -> None:
    endpoint = endpoint_at(receiver.url)
    row = told_of(endpoint)
    WebhookDelivery.objects.update(status="inflight", claimed_at=database_now() - delivery.LEASE, attempts=1)
    assert delivery.dispatch() == 1
    delivery.drain(endpoint.pk)
    row.refresh_from_db()
    assert (row.status, row.attempts, len(receiver.calls)) == (DeliveryStatus.SENT, 2, 1)


def test_a_sender_that_comes_back_leaves_alone_what_another_does(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lease is over, and another worker is at the endpoint and at the delivery."""
    endpoint = endpoint_at(receiver.url)
    told_of(endpoint)
    later = database_now() + timedelta(seconds=45)

    def taken_over(*_: object, **__: object) -> Outcome:
        WebhookEndpoint.objects.update(busy_until=later)
        WebhookDelivery.objects.update(claimed_at=later, due_at=later)
        return Outcome(error="a line that broke while it slept")

    monkeypatch.setattr(delivery, "post", taken_over)
    delivery.drain(endpoint.pk)

    endpoint.refresh_from_db()
    assert (endpoint.busy_until, endpoint.failures, endpoint.retry_at) == (later, 0, None)
    row = WebhookDelivery.objects.get()
    assert (row.status, row.due_at) == (DeliveryStatus.INFLIGHT, later)


def test_a_turn_ends_though_more_is_due(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = endpoint_at(receiver.url)
    for _ in range(3):
        confirmed() if not endpoint.deliveries.exists() else send_test(endpoint=endpoint, now=NOW)
    monkeypatch.setattr(delivery, "TURN_SECONDS", 0.0)
    assert delivery.drain(endpoint.pk) == 0
    monkeypatch.undo()
    assert delivery.drain(endpoint.pk) == 3


# By hand ------------------------------------------------------------------------------------------


def test_a_test_is_sent_though_the_endpoint_rests(receiver: Receiver) -> None:
    endpoint = endpoint_at(receiver.url, retry_at=database_now() + timedelta(hours=1))
    row = send_test(endpoint=endpoint, now=NOW)
    delivery.drain(endpoint.pk)
    [call] = receiver.calls
    assert call.content == {"type": "webhook.test", "timestamp": NOW.isoformat(), "data": {}}
    assert verify(call, secret_of(endpoint.salt))
    row.refresh_from_db()
    assert row.status == DeliveryStatus.SENT


def test_a_dead_delivery_can_be_sent_again_for_another_day(receiver: Receiver) -> None:
    endpoint = endpoint_at(receiver.url)
    row = told_of(endpoint)
    WebhookDelivery.objects.update(status="dead", attempts=9, expires_at=NOW - timedelta(days=999))
    resend(delivery_id=row.pk, now=NOW)
    assert delivery.drain(endpoint.pk) == 1
    assert receiver.calls[0].headers["webhook-id"] == str(row.uid)
    assert events() == ["webhook.resent", "webhook.sent"]


def test_disabling_says_why() -> None:
    endpoint = endpoint_at("https://shop.example/hooks")
    disable(endpoint=endpoint, reason="because", now=NOW)
    event = Event.objects.get(event_type="webhook.disabled")
    assert event.context == {"endpoint": endpoint.pk, "reason": "because"}


# Private networks ---------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_in_a_deployment_nothing_private_is_called(receiver: Receiver, host: str, settings: Any) -> None:
    settings.WEBHOOKS_MAY_STAY_LOCAL = False
    endpoint = endpoint_at(receiver.url.replace("127.0.0.1", host).replace("http://", "https://"))
    row = told_of(endpoint)
    delivery.drain(endpoint.pk)
    row.refresh_from_db()
    assert row.last_error == "the address leads into a private network"
    assert receiver.calls == []

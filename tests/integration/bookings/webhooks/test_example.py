"""The receiver in the documentation works against what is really sent."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from assignments.coordinator import process_booking
from bookings.cancellation import cancel
from bookings.models import WebhookDelivery
from bookings.webhooks import delivery
from bookings.webhooks.endpoints import send_test
from bookings.webhooks.signing import secret_of, signed_headers
from tests.factories import NOW, receive, serving_restaurant
from tests.integration.bookings.receiver import Receiver
from tests.integration.bookings.webhooks.conftest import endpoint_at

pytestmark = pytest.mark.django_db

PAGE = Path(settings.BASE_DIR) / "docs" / "webhooks.md"


def documented(secret: str) -> Any:
    """The receiver of the page, as it stands there."""
    [source] = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    names: dict[str, Any] = {}
    exec(source, names)  # our own page
    return names["Receiver"](secret)


def test_the_documented_receiver_checks_and_keeps_the_newest_state(receiver: Receiver) -> None:
    endpoint = endpoint_at(receiver.url)
    booking = receive(serving_restaurant(4))
    process_booking(booking_id=booking.pk, trigger="test")
    cancel(booking_id=booking.pk, now=NOW)
    send_test(endpoint=endpoint, now=NOW)
    assert delivery.drain(endpoint.pk) == 3

    theirs = documented(secret_of(endpoint.salt))
    confirmed, cancelled, test = receiver.calls
    for call in (cancelled, confirmed, cancelled, test):  # out of order, and once more
        assert theirs.receive(call.headers, call.body) == 204
    assert theirs.bookings[booking.reference]["data"]["state"] == "cancelled"
    assert theirs.receive(confirmed.headers, confirmed.body.replace(b"confirmed", b"cancelled")) == 401


def test_the_documented_receiver_refuses_an_old_delivery(receiver: Receiver) -> None:
    endpoint = endpoint_at(receiver.url)
    row = send_test(endpoint=endpoint, now=NOW)
    delivery.drain(endpoint.pk)
    [call] = receiver.calls
    theirs = documented(secret_of(endpoint.salt))
    assert theirs.receive(call.headers, call.body) == 204
    sent = WebhookDelivery.objects.get(pk=row.pk).sent_at
    assert sent is not None
    an_hour_ago = sent - timedelta(hours=1)
    old = signed_headers(salt=endpoint.salt, uid=str(row.uid), body=call.body, at=an_hour_ago)
    assert theirs.receive(old, call.body) == 400

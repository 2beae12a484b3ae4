"""Endpoints, and a receiver they lead to."""

from collections.abc import Iterator
from typing import Any

import pytest

from bookings.models import WebhookEndpoint, WebhookEvent
from bookings.webhooks import hook
from bookings.webhooks.signing import new_salt
from tests.integration.bookings.receiver import Receiver, open_receiver


@pytest.fixture(autouse=True)
def fresh_hook() -> Iterator[None]:
    """Each test's endpoints are known at once, and unknown to the next."""
    hook.forget()
    yield
    hook.forget()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with open_receiver() as listening:
        yield listening


def endpoint_at(url: str, **fields: Any) -> WebhookEndpoint:
    """An endpoint of the channel "web" that wants everything."""
    asked = {"channel": "web", "events": WebhookEvent.values, "salt": new_salt(), **fields}
    return WebhookEndpoint.objects.create(url=url, **asked)

"""Endpoints and deliveries in the console: secrets shown once, addresses checked, steps asked and logged."""

import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from bookings.models import DeliveryStatus, WebhookDelivery, WebhookEndpoint
from bookings.webhooks.signing import secret_of
from tests.integration.admin.addresses import add_to, list_of, page_of
from tests.integration.admin.rows import make

pytestmark = pytest.mark.django_db

ASKED = {
    "channel": "web",
    "url": "https://shop.example/hooks",
    "events": ["booking.confirmed"],
    "active": "on",
}


def step_of(row: Any, step: str) -> str:
    return page_of(row).replace("change", step)


def endpoint() -> WebhookEndpoint:
    row = make(WebhookEndpoint)
    assert isinstance(row, WebhookEndpoint)
    return row


def delivery(**fields: Any) -> WebhookDelivery:
    row = make(WebhookDelivery)
    assert isinstance(row, WebhookDelivery)
    WebhookDelivery.objects.filter(pk=row.pk).update(**fields)
    return row


def test_a_new_endpoint_shows_its_secret_once(administrator: Client) -> None:
    html = administrator.post(add_to(WebhookEndpoint), ASKED).content.decode()
    row = WebhookEndpoint.objects.get()
    secret = secret_of(row.salt)
    assert re.findall(r"whsec_[\w+/=]+", html) == [secret]
    for page in (page_of(row), list_of(WebhookEndpoint)):
        assert "whsec_" not in administrator.get(page).content.decode()
    assert secret not in str(LogEntry.objects.get().__dict__)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"url": "http://shop.example/hooks"}, "has to begin with https://"),
        ({"url": "https://10.0.0.1/hooks"}, "is a private address"),
        ({"url": "https://me:secret@shop.example/"}, "leave them out"),
        ({"events": []}, "This field is required"),
        ({"events": ["booking.lost"]}, "not one of the available choices"),
        ({"channel": ""}, "This field is required"),
    ],
)
def test_a_bad_endpoint_is_refused_with_a_reason(
    administrator: Client, fields: dict[str, Any], told: str, settings: Any
) -> None:
    settings.WEBHOOKS_MAY_STAY_LOCAL = False
    answer = administrator.post(add_to(WebhookEndpoint), {**ASKED, **fields})
    assert told in answer.content.decode()
    assert not WebhookEndpoint.objects.exists()


def test_a_new_secret_is_asked_about_and_ends_the_old(administrator: Client, viewer: Client) -> None:
    row = endpoint()
    assert viewer.post(step_of(row, "secret")).status_code == 403
    assert "whsec_" not in administrator.get(step_of(row, "secret")).content.decode()
    html = administrator.post(step_of(row, "secret")).content.decode()
    row.refresh_from_db()
    assert row.salt != "s"
    assert secret_of(row.salt) in html


def test_enabling_an_endpoint_forgives_it(administrator: Client) -> None:
    row = endpoint()
    WebhookEndpoint.objects.update(
        active=False,
        disabled_reason="gone",
        failures=9,
        failing_since=timezone.now(),
        retry_at=timezone.now(),
    )
    assert "gone" in administrator.get(list_of(WebhookEndpoint)).content.decode()
    administrator.post(page_of(row), {**ASKED, "url": row.url})
    row.refresh_from_db()
    assert (row.active, row.disabled_reason, row.failures, row.failing_since, row.retry_at) == (
        True, "", 0, None, None,
    )  # fmt: skip


def test_saving_leaves_alone_what_workers_write(administrator: Client) -> None:
    row = endpoint()
    WebhookEndpoint.objects.update(failures=3, salt="kept")
    administrator.post(page_of(row), {**ASKED, "url": row.url, "channel": "phone"})
    row.refresh_from_db()
    assert (row.channel, row.failures, row.salt) == ("phone", 3, "kept")


def test_a_test_is_sent_after_asking_and_leads_to_its_delivery(administrator: Client, viewer: Client) -> None:
    row = endpoint()
    assert viewer.post(step_of(row, "test")).status_code == 403
    administrator.get(step_of(row, "test"))
    assert not WebhookDelivery.objects.exists()
    answer = administrator.post(step_of(row, "test"))
    told = WebhookDelivery.objects.get()
    assert (told.event, told.booking, answer.headers["Location"]) == ("webhook.test", None, page_of(told))
    for page in (page_of(told), list_of(WebhookDelivery)):
        assert administrator.get(page).status_code == 200


def test_dead_deliveries_come_first_and_can_be_sent_again(administrator: Client, viewer: Client) -> None:
    dead = delivery(status="dead", last_error="answered 500", attempts=20)
    delivery(status="sent", sent_at=timezone.now())
    assert administrator.get(list_of(WebhookDelivery)).context["dead"] == [dead]
    assert viewer.post(step_of(dead, "resend")).status_code == 403
    assert administrator.get(step_of(dead, "resend")).status_code == 200
    told = administrator.post(step_of(dead, "resend"), follow=True).content.decode()
    assert "Sent again by hand" in told
    dead.refresh_from_db()
    assert (dead.status, dead.attempts) == (DeliveryStatus.PENDING, 0)
    told = administrator.post(step_of(dead, "resend"), follow=True).content.decode()
    assert "Nothing was done: it is pending already" in told
    assert LogEntry.objects.count() == 1


def test_endpoints_are_disabled_and_not_deleted(administrator: Client) -> None:
    row = endpoint()
    assert administrator.post(step_of(row, "delete"), {"post": "yes"}).status_code == 403

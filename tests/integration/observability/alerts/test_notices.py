"""Each step is told by each channel that is set up, outside the step, until it is taken or a day is over."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.db.models.functions import Now

from observability.alerts.notices import deliver_due
from observability.alerts.policy import STUCK
from observability.alerts.records import acknowledge, resolve
from observability.models import AlertNotice
from observability.notices import KEPT
from tests.factories import NOW
from tests.integration.observability.rows import alert_fired
from tests.rights import acting_as

pytestmark = pytest.mark.django_db

KEY = b"a key of thirty-two random bytes"


class Pager(HTTPServer):
    """Notes what is posted and answers with `status`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 204
        self.posts: list[tuple[dict[str, str], bytes]] = []


class _Handler(BaseHTTPRequestHandler):
    server: Pager

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.posts.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.server.status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def pager(settings: Any) -> Iterator[Pager]:
    server = Pager()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    settings.ALERT_WEBHOOK_URL = f"http://127.0.0.1:{server.server_port}/alerts"
    settings.ALERT_WEBHOOK_SECRET = "whsec_" + base64.b64encode(KEY).decode()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def mailed(settings: Any) -> None:
    settings.ALERT_MAIL_TO = ["on-call@restaurants.example"]


def make_due() -> None:
    AlertNotice.objects.filter(status="pending").update(due_at=Now())


def test_nobody_to_tell_means_no_notices() -> None:
    alert_fired(STUCK)
    assert not AlertNotice.objects.exists()


def test_each_step_is_mailed_once(mailed: None) -> None:
    alert = alert_fired(STUCK)
    acknowledge(alert_id=alert.pk, user=User.objects.create(username="ada"), now=NOW)
    resolve(rule=STUCK, value=0, now=NOW)
    assert mail.outbox == []
    with acting_as("worker"):
        assert (deliver_due(), deliver_due()) == (3, 0)
    assert [message.subject for message in mail.outbox] == [
        "[local] P1 firing: Bookings do not move",
        "[local] P1 acknowledged: Bookings do not move",
        "[local] P1 resolved: Bookings do not move",
    ]
    assert "detail: 3 created" in str(mail.outbox[0].body)
    assert "by: ada" in str(mail.outbox[1].body)
    assert mail.outbox[0].to == ["on-call@restaurants.example"]


def test_a_post_is_signed_by_the_standard(pager: Pager) -> None:
    alert = alert_fired(STUCK)
    assert deliver_due() == 1
    [(headers, body)] = pager.posts
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    told = json.loads(body)
    assert (told["type"], told["data"]["rule"], told["data"]["alert"]) == ("alert.firing", "stuck", alert.pk)
    assert told["data"]["runbook"] == "docs/runbook.md#stuck"


def test_mail_and_post_link_to_the_runbook_once_the_console_has_an_address(
    mailed: None, pager: Pager, settings: Any
) -> None:
    settings.CONSOLE_URL = "https://console.restaurants.example"
    alert_fired(STUCK)
    assert deliver_due() == 2
    link = "https://console.restaurants.example/help/runbook/#stuck"
    assert json.loads(pager.posts[0][1])["data"]["runbook"] == link
    assert f"runbook: {link}\n" in str(mail.outbox[0].body)


def test_what_is_not_taken_is_sent_again_with_the_same_id(pager: Pager) -> None:
    pager.status = 500
    alert_fired(STUCK)
    assert deliver_due() == 0
    notice = AlertNotice.objects.get()
    assert (notice.status, notice.attempts, notice.last_error) == ("pending", 1, "answered 500")
    assert deliver_due() == 0
    assert len(pager.posts) == 1
    pager.status = 200
    make_due()
    assert deliver_due() == 1
    assert len({headers["webhook-id"] for headers, _ in pager.posts}) == 1
    notice.refresh_from_db()
    assert (notice.status, notice.last_error) == ("sent", "")


def test_a_channel_that_fails_keeps_no_other_from_being_told(pager: Pager, mailed: None) -> None:
    pager.status = 503
    alert_fired(STUCK)
    for _ in range(2):
        deliver_due()
    assert len(mail.outbox) == 1
    assert AlertNotice.objects.get(channel="webhook").status == "pending"


def test_after_a_day_a_notice_is_given_up_and_stays_to_be_seen(settings: Any, mailed: None) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    alert_fired(STUCK)
    AlertNotice.objects.update(created_at=Now() - KEPT + timedelta(seconds=1))
    assert deliver_due() == 0
    notice = AlertNotice.objects.get()
    assert (notice.status, notice.last_error) == (
        "dead", "the mail server did not take it (ConnectionRefusedError)",
    )  # fmt: skip


def test_a_redirect_is_no_answer(pager: Pager) -> None:
    pager.status = 302
    alert_fired(STUCK)
    assert deliver_due() == 0
    assert len(pager.posts) == 1

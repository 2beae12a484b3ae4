"""What guests tell stays with their bookings: not in events, logs, metrics, queue or people's log.

A name, an address, a number and a note that occur nowhere else go through the whole pipeline, failures
that quote them included; then every place where they must not be is searched.
"""

import io
import json
import logging
import queue
import smtplib
from collections.abc import Iterator
from datetime import datetime
from multiprocessing import Value
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection, connections, transaction
from django.dispatch import Signal
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_q import monitor, worker
from django_q.brokers import get_broker
from django_q.models import OrmQ, Task
from django_q.signing import SignedPackage
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from assignments.coordinator import process_booking, run
from assignments.edge import LIVE
from assignments.review import claims, resolutions
from bookings.api.views import bookings as booking_views
from bookings.models import Booking, OutboxMessage, Restaurant
from bookings.outbox import delivery
from bookings.queue.tasks import enqueue
from observability import traces
from observability.log_lines import JsonLines, PlainLines, WithoutStatements
from observability.prometheus import page
from tests.factories import serving_restaurant
from tests.integration.assignments.review.scenes import case_of
from tests.integration.bookings.api.conftest import Caller, issue
from tests.integration.bookings.api.wishes import wish

pytestmark = pytest.mark.django_db

NAME, PHONE, NOTES = "Quirinia Zabransky", "+44 7700 900736", "allergic to xanthorrhoea"
EMAIL = "quirinia.zabransky@planted.example"
#: Parts of them as well, in any spelling.
PLANTED = ("quirinia", "zabransky", "planted.example", "900736", "xanthorrhoea")
GUEST = {"guest_name": NAME, "guest_email": EMAIL, "guest_phone": PHONE, "notes": NOTES}


class RefusingBackend(EmailBackend):
    """A mail server that names the guest in its refusal."""

    def send_messages(self, email_messages: Any) -> int:
        raise smtplib.SMTPRecipientsRefused({EMAIL: (450, f"{NAME} is away".encode())})


def planted_in(text: str) -> list[str]:
    return [word for word in PLANTED if word in text.lower()]


def break_a_rule(*_: Any, **__: Any) -> Any:
    """A real error of the database, which quotes the whole row."""
    seen = Booking.objects.filter(guest_name=NAME).first() or Booking(guest_name=NAME)
    row = {field.attname: getattr(seen, field.attname) for field in Booking._meta.concrete_fields}
    with transaction.atomic():
        return Booking.objects.create(**row | {"id": None, "reference": "B-222222", "party_size": 0})


def fail_with_the_guest(*_: Any, **__: Any) -> Any:
    raise RuntimeError(f"no letter to {NAME} <{EMAIL}>, {PHONE}: {NOTES}\n  {NOTES}")


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What the handlers of both forms write, with every logger at DEBUG and statements logged."""
    written = io.StringIO()
    handlers = []
    for formatter in (PlainLines(), JsonLines()):
        handler = logging.StreamHandler(written)
        handler.setFormatter(formatter)
        handler.addFilter(WithoutStatements())
        handlers.append(handler)
    loggers = [
        found for found in logging.root.manager.loggerDict.values() if isinstance(found, logging.Logger)
    ]
    for logger in (logging.root, *loggers):
        monkeypatch.setattr(logger, "level", logging.DEBUG)
        monkeypatch.setattr(logger, "disabled", False)
        logger.manager._clear_cache()  # type: ignore[attr-defined]
    for handler in handlers:
        logging.root.addHandler(handler)
    monkeypatch.setattr(connections["default"], "force_debug_cursor", True)
    yield written
    for handler in handlers:
        logging.root.removeHandler(handler)
    logging.root.manager._clear_cache()  # type: ignore[attr-defined]


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """What a collector would be sent."""
    sent = InMemorySpanExporter()
    traces.record_with(SimpleSpanProcessor(sent))
    yield sent
    traces.end()


@pytest.fixture
def house(db: None) -> Restaurant:
    return serving_restaurant(2, slug="anchor")


@pytest.fixture
def web(house: Restaurant) -> Caller:
    return Caller(secret=issue(house).secret)


@pytest.fixture
def lead(db: None) -> User:
    return User.objects.create_superuser("lead")


def work_off_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """One worker and one monitor of django-q2, in this process, over all tasks there are."""
    tasks, results = queue.Queue[Any](), queue.Queue[Any]()
    monkeypatch.setattr(worker, "post_spawn", Signal())
    for module in (worker, monitor):
        monkeypatch.setattr(module, "close_old_django_connections", lambda: None)
    for row in OrmQ.objects.order_by("id"):
        tasks.put(SignedPackage.loads(row.payload))
    tasks.put("STOP")
    worker.worker(tasks, results, Value("f", -1), timeout=-1)
    results.put("STOP")
    monitor.monitor(results, get_broker())


def intake_change_and_cancel(web: Caller, monkeypatch: pytest.MonkeyPatch) -> str:
    """The reference of a booking that was made, changed and cancelled among refusals and a failure."""
    made = web.post("bookings", wish(**GUEST), idempotency_key="k-1").json()
    web.post("bookings", wish(**GUEST, party_size=1), idempotency_key="k-1")
    for bad in ({"guest_email": f"{EMAIL} {NAME}"}, {"guest_phone": PHONE * 20}, {"start": NAME}, {NAME: 1}):
        assert web.post("bookings", wish(**{**GUEST, **bad})).status_code in {400, 422}
    assert web.send("POST", "bookings", body=f'{{"guest_name": "{NAME}"').status_code == 400
    with monkeypatch.context() as broken:
        broken.setattr(booking_views, "change", break_a_rule)
        assert web.patch(f"bookings/{made['reference']}", {"notes": NOTES}).status_code == 500
    assert web.patch(f"bookings/{made['reference']}", {"notes": NOTES + "!"}).status_code == 200
    assert web.post(f"bookings/{made['reference']}/cancel").status_code == 200
    return str(made["reference"])


def assign_with_an_error(web: Caller, monkeypatch: pytest.MonkeyPatch) -> Booking:
    reference = web.post("bookings", wish(**GUEST)).json()["reference"]
    booking = Booking.objects.get(reference=reference)
    with monkeypatch.context() as broken:
        broken.setattr(run, "decide", break_a_rule)
        process_booking(booking_id=booking.pk, trigger="test", edge=LIVE)
    process_booking(booking_id=booking.pk, trigger="test", edge=LIVE)
    booking.refresh_from_db()
    assert booking.assignment_state == "confirmed"
    return booking


def review(web: Caller, lead: User, now: datetime) -> None:
    """The only table is taken: one goes to people, who plan it again and then turn it down."""
    reference = web.post("bookings", wish(**GUEST)).json()["reference"]
    booking = Booking.objects.get(reference=reference)
    for decide in (resolutions.requeue, resolutions.reject):
        process_booking(booking_id=booking.pk, trigger="test", edge=LIVE)
        case = case_of(booking)
        claims.claim(case_id=case.pk, user=lead, now=now)
        decide(case_id=case.pk, user=lead, now=now)


def edit_in_the_console(booking: Booking, lead: User) -> None:
    client = Client()
    client.force_login(lead)
    address = reverse("admin:bookings_booking_change", args=[booking.pk])
    answer = client.post(address, {**GUEST, "guest_phone": "1", "locked": "on"}, follow=True)
    assert answer.status_code == 200
    client.get("/find", {"q": NAME})


def fail_mails(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.RefusingBackend"
    OutboxMessage.objects.update(due_at=timezone.now())
    for message in OutboxMessage.objects.filter(status="pending"):
        delivery.send(message.pk)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    OutboxMessage.objects.update(due_at=timezone.now())
    with monkeypatch.context() as broken:
        broken.setattr(delivery, "write_letter", fail_with_the_guest)
        work_off_the_queue(monkeypatch)
    assert Task.objects.filter(success=False).exists()
    enqueue("bookings.tasks.send_mail", OutboxMessage.objects.latest("id").pk)


def rows_of(*tables: str) -> str:
    with connection.cursor() as cursor:
        found = []
        for table in tables:
            cursor.execute(f"SELECT t::text FROM {table} t")
            found += [text for (text,) in cursor.fetchall()]
    return "\n".join(found)


def test_what_a_guest_tells_is_nowhere_but_with_the_booking(
    web: Caller,
    lead: User,
    lines: io.StringIO,
    spans: InMemorySpanExporter,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reference = intake_change_and_cancel(web, monkeypatch)
    booking = assign_with_an_error(web, monkeypatch)
    review(web, lead, timezone.now())
    edit_in_the_console(booking, lead)
    fail_mails(settings, monkeypatch)

    assert planted_in(rows_of("bookings")) == list(PLANTED)
    for model in apps.get_models():
        table = model._meta.db_table
        if table not in {"bookings", "django_session"}:
            assert planted_in(rows_of(table)) == [], table
    queued = [SignedPackage.loads(row.payload) for row in OrmQ.objects.all()]
    assert queued
    assert planted_in(repr(queued)) == []
    assert planted_in(repr([(t.result, t.args, t.kwargs) for t in Task.objects.all()])) == []
    assert planted_in(page.text(now=timezone.now()).decode()) == []

    finished = spans.get_finished_spans()
    assert {"booking.receive", "assignment.run", "mail.send", "task"} <= {span.name for span in finished}
    assert any((span.attributes or {}).get("error_class") == "RuntimeError" for span in finished)
    assert planted_in("".join(span.to_json() for span in finished)) == []

    written = lines.getvalue()
    assert planted_in(written) == [], [line for line in written.splitlines() if planted_in(line)][:3]
    # The failures were logged, with what broke and where.
    assert "IntegrityError" in written
    assert "in break_a_rule" in written
    assert any(
        json.loads(line)["booking"] == reference for line in written.splitlines() if line.startswith("{")
    )

"""A trace goes from intake to the mail, holds no more than it may, and is off unless wanted."""

import sys
import time
from collections.abc import Iterator

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from django_q.models import OrmQ
from django_q.signing import SignedPackage
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from assignments.tasks import assign
from bookings.models import OutboxMessage
from bookings.outbox import delivery
from bookings.queue.worker import _worker_began, _worker_ended
from observability import traces
from tests.factories import receive, serving_restaurant

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    traces.record_with(SimpleSpanProcessor(exporter))
    yield exporter
    traces.end()


def work_off(wanted: str) -> None:
    """The tasks of one function, as a worker does them."""
    for row in OrmQ.objects.order_by("id"):
        task = SignedPackage.loads(row.payload)
        if task["func"].endswith(wanted):
            row.delete()
            _worker_began(task=task)
            (assign if wanted == "assign" else delivery.send)(*task["args"])
            _worker_ended(task={**task, "success": True})


def parents(spans: tuple[ReadableSpan, ...]) -> dict[str, str | None]:
    """The name of each span's parent by its own; a task's is its function."""
    names = {span.context.span_id: name_of(span) for span in spans if span.context}
    return {name_of(span): names[span.parent.span_id] if span.parent else None for span in spans}


def name_of(span: ReadableSpan) -> str:
    return str((span.attributes or {}).get("task", span.name)).rpartition("tasks.")[2]


def test_one_trace_goes_from_intake_over_lock_claim_decision_and_commit_to_the_mail(
    sent: InMemorySpanExporter,
) -> None:
    booking = receive(serving_restaurant(2), now=timezone.now())
    work_off("assign")
    OutboxMessage.objects.exclude(kind="confirmation").delete()
    work_off("send_mail")
    spans = sent.get_finished_spans()
    assert len({span.context.trace_id for span in spans if span.context}) == 1
    assert parents(spans) == {
        "booking.receive": None,
        "assign": "booking.receive",
        "assignment.run": "assign",
        "assignment.lock": "assignment.run",
        "assignment.claim": "assignment.run",
        "assignment.decide": "assignment.run",
        "assignment.commit": "assignment.run",
        "send_mail": "assignment.commit",
        "mail.send": "send_mail",
    }
    run = next(span for span in spans if span.name == "assignment.run")
    assert dict(run.attributes or {}) == {"booking_id": booking.pk, "trigger": "intake"}


def test_attributes_that_are_not_allowed_or_no_codes_are_left_out(sent: InMemorySpanExporter) -> None:
    with traces.span("x", guest_name="Ada", trigger="Ada Lovelace", booking_id=7, task="a.b"):
        pass
    (span,) = sent.get_finished_spans()
    assert dict(span.attributes or {}) == {"booking_id": 7, "task": "a.b"}


def test_an_error_is_told_by_its_class_alone(sent: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="Ada"), traces.span("x"):
        raise ValueError("Ada Lovelace")
    (span,) = sent.get_finished_spans()
    assert dict(span.attributes or {}) == {"error_class": "ValueError"}
    assert (span.events, span.status.is_ok, span.status.description) == ((), False, None)


def test_without_a_collector_nothing_is_recorded_carried_or_slow() -> None:
    assert traces.carried() == {}
    booking = receive(serving_restaurant(2), now=timezone.now())
    assert all("traceparent" not in SignedPackage.loads(row.payload) for row in OrmQ.objects.all())
    assert booking.pk
    nothing = traces.traced("x")(lambda: None)
    began = time.perf_counter()
    for _ in range(10_000):
        nothing()
        with traces.span("x"):
            pass
    assert (time.perf_counter() - began) / 10_000 < 20e-6


def test_a_collector_without_the_extra_is_refused_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(ImproperlyConfigured, match="extra `tracing`"):
        traces.begin("http://localhost:4318")
    traces.begin("")


def test_spans_reach_a_collector_over_http(monkeypatch: pytest.MonkeyPatch) -> None:
    posted: list[str] = []

    def post(_exporter: object, spans: tuple[ReadableSpan, ...]) -> None:
        posted.extend(span.name for span in spans)

    exporter = "opentelemetry.exporter.otlp.proto.http.trace_exporter.OTLPSpanExporter"
    monkeypatch.setattr(f"{exporter}.export", post)
    traces.begin("http://127.0.0.1:4318/")
    try:
        with traces.span("x"):
            pass
        assert traces._tracer is not None
        traces._tracer.span_processor.force_flush()  # type: ignore[attr-defined]
    finally:
        traces.end()
    assert posted == ["x"]

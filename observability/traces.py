"""Traces from intake to mail, for those who install the extra `tracing` and name a collector.

Without OTEL_EXPORTER_OTLP_ENDPOINT nothing of OpenTelemetry is imported, and a span costs one look at a
variable. A trace is carried by the queue: a task tells the span in which it was asked for, by the header
`traceparent` of W3C Trace Context. Spans hold ids and codes, of a few names; never what guests tell, so
that errors are told by their class alone.
"""

import functools
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.trace import Span, Tracer

P = ParamSpec("P")
Answer = TypeVar("Answer")

#: What a span may tell beside its name and times.
ATTRIBUTES = frozenset({"booking_id", "message_id", "restaurant_id", "task", "trigger", "error_class"})

#: Codes and dotted names; no name, address or telephone number is one.
_CODE = re.compile(r"[A-Za-z_][A-Za-z_.]{0,100}")

#: The key of a task under which it carries the span it was asked for in.
CARRIER = "traceparent"

SERVICE = "table-assignment"

_NOTHING: AbstractContextManager[None] = nullcontext()

_tracer: "Tracer | None" = None
_task: ContextVar[AbstractContextManager[None] | None] = ContextVar("traced_task", default=None)


def begin(endpoint: str) -> None:
    """Send spans to the collector at `endpoint`, from now on; "" for none.

    Raises ImproperlyConfigured if the extra is not installed.
    """
    if not endpoint:
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        message = (
            f"OTEL_EXPORTER_OTLP_ENDPOINT is {endpoint}, but OpenTelemetry is not installed: "
            "install the extra `tracing`, or unset the variable"
        )
        raise ImproperlyConfigured(message) from error
    record_with(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")))


def record_with(processor: "SpanProcessor") -> None:
    """Hand each span that ends to a processor."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    global _tracer  # noqa: PLW0603 - one for the process, as OpenTelemetry means it
    # Nothing of the environment or the host: a resource of our own and no detectors.
    provider = TracerProvider(resource=Resource({"service.name": SERVICE}))
    provider.add_span_processor(processor)
    _tracer = provider.get_tracer(__name__)


def end() -> None:
    """Record nothing from here on."""
    global _tracer  # noqa: PLW0603
    _tracer = None


def span(name: str, **attributes: int | str) -> AbstractContextManager[None]:
    """A span around a block; attributes that spans may not hold are left out."""
    return _NOTHING if _tracer is None else _span(_tracer, name, attributes)


def traced(name: str) -> Callable[[Callable[P, Answer]], Callable[P, Answer]]:
    """A span around each call of a function; arguments that have a name of ATTRIBUTES are its attributes."""

    def around(function: Callable[P, Answer]) -> Callable[P, Answer]:
        names = tuple(inspect.signature(function).parameters)

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> Answer:
            if _tracer is None:
                return function(*args, **kwargs)
            with _span(_tracer, name, {**dict(zip(names, args, strict=False)), **kwargs}):
                return function(*args, **kwargs)

        return call

    return around


def carried() -> dict[str, str]:
    """What a task is given, so that its spans belong to the trace it was asked for in."""
    if _tracer is None:
        return {}
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return {CARRIER: carrier[CARRIER]} if CARRIER in carrier else {}


def begin_task(task: Mapping[str, Any]) -> None:
    """From here on this process works on a task; to be followed by `end_task`."""
    if _tracer is not None:
        entered = _span(_tracer, "task", {"task": task["func"]}, parent=task.get(CARRIER))
        entered.__enter__()
        _task.set(entered)


def end_task() -> None:
    """The task is over."""
    entered = _task.get()
    if entered is not None:
        _task.set(None)
        entered.__exit__(None, None, None)


@contextmanager
def _span(
    tracer: "Tracer", name: str, attributes: Mapping[str, object], *, parent: str | None = None
) -> Iterator[None]:
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    context = TraceContextTextMapPropagator().extract({CARRIER: parent}) if parent else None
    # Exceptions quote rows: neither their texts nor their traces are recorded.
    with tracer.start_as_current_span(
        name,
        context=context,
        attributes=_allowed(attributes),
        record_exception=False,
        set_status_on_exception=False,
    ) as current:
        try:
            yield
        except Exception as error:
            _tell_error(current, error)
            raise


def _tell_error(current: "Span", error: Exception) -> None:
    from opentelemetry.trace import StatusCode

    current.set_attribute("error_class", type(error).__name__)
    current.set_status(StatusCode.ERROR)


def _allowed(attributes: Mapping[str, object]) -> dict[str, int | str]:
    return {
        key: value
        for key, value in attributes.items()
        if key in ATTRIBUTES
        and (isinstance(value, int) or (isinstance(value, str) and _CODE.fullmatch(value)))
    }

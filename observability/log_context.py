"""What a log line is about beside its message: one correlation id for all lines of a request or task.

A request brings its id as X-Request-ID or gets one, and is answered with it; a task has its own.
"""

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.http import HttpRequest, HttpResponse

HEADER = "X-Request-ID"

#: UUIDs and what proxies make: hexadecimal and long. No name, address or telephone number is one.
_VALID = re.compile(r"[0-9A-Fa-f-]{20,64}")

_REFERENCE = re.compile(r"B-[2-9A-Z]{6}")

_correlation_id: ContextVar[str | None] = ContextVar("correlation_id", default=None)
_booking: ContextVar[int | str | None] = ContextVar("booking", default=None)


def correlation_id() -> str | None:
    return _correlation_id.get()


def booking() -> int | str | None:
    """Id or reference of the booking that is being worked on, where one is."""
    return _booking.get()


def begin_task(task_id: str) -> None:
    """From here on this process works on a task."""
    _correlation_id.set(task_id)
    _booking.set(None)


def end_task() -> None:
    """The task is over; what the process logs now belongs to none."""
    _correlation_id.set(None)
    _booking.set(None)


@contextmanager
def about_booking(named: int | str) -> Iterator[None]:
    """Lines logged in the block name this booking, by id or reference."""
    token = _booking.set(named)
    try:
        yield
    finally:
        _booking.reset(token)


class CorrelationMiddleware:
    """Gives each request its id. First of all middleware, so that no line is without one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get(HEADER, "")
        chosen = given if _VALID.fullmatch(given) else uuid.uuid4().hex
        correlation, about = _correlation_id.set(chosen), _booking.set(None)
        try:
            response = self._get_response(request)
        finally:
            _correlation_id.reset(correlation)
            _booking.reset(about)
        response[HEADER] = chosen
        return response

    def process_view(
        self,
        request: HttpRequest,  # noqa: ARG002 - the framework's form
        view: Callable[..., Any],  # noqa: ARG002
        args: tuple[Any, ...],  # noqa: ARG002
        kwargs: dict[str, Any],
    ) -> None:
        """An address that names a booking tells what the request is about, if it can be a reference."""
        named = kwargs.get("reference")
        if isinstance(named, str) and _REFERENCE.fullmatch(named):
            _booking.set(named)

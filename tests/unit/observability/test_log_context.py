"""Correlation ids: taken over where they can be one, made otherwise, and gone with the request."""

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from observability.log_context import CorrelationMiddleware, booking, correlation_id

UUID = "7d0c6f0e-58c5-4b53-9f3e-0a4b6a4f1a11"


def answered(given: str | None) -> tuple[str, str | None]:
    """The id answered, and the one there was while the request was worked on."""
    seen: list[str | None] = []

    def work(_: HttpRequest) -> HttpResponse:
        seen.append(correlation_id())
        return HttpResponse()

    headers = {"X-Request-ID": given} if given is not None else {}
    answer = CorrelationMiddleware(work)(RequestFactory().get("/", headers=headers))
    return answer["X-Request-ID"], seen[0]


@pytest.mark.parametrize("given", [UUID, UUID.upper(), "0123456789abcdef" * 2])
def test_an_id_that_comes_with_the_request_is_kept(given: str) -> None:
    assert answered(given) == (given, given)


@pytest.mark.parametrize(
    "given", [None, "", "ada.guest@example.org", "+447700900736", "a" * 65, "abc", f"{UUID} x"]
)
def test_anything_else_is_replaced(given: str | None) -> None:
    answer, seen = answered(given)
    assert answer == seen != given
    assert len(answer) == 32


def test_two_requests_have_two_ids_and_nothing_stays() -> None:
    assert answered(None) != answered(None)
    assert correlation_id() is None


@pytest.mark.parametrize(("reference", "kept"), [("B-7KQ4M2", "B-7KQ4M2"), ("Ada Guest", None)])
def test_an_address_that_names_a_booking_tells_the_lines_which(reference: str, kept: str | None) -> None:
    seen: list[object] = []

    def work(request: HttpRequest) -> HttpResponse:
        middleware.process_view(request, work, (), {"reference": reference})
        seen.append(booking())
        return HttpResponse()

    middleware = CorrelationMiddleware(work)
    middleware(RequestFactory().get("/"))
    assert (seen, booking()) == ([kept], None)

"""The OpenAPI document, checked against the running API, and its page."""

import json
import re
from collections.abc import Iterator
from datetime import UTC
from typing import Any

import pytest
import schemathesis
from django.contrib.staticfiles import finders
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from bookings.models import Booking, Restaurant
from tests.factories import receive
from tests.integration.bookings.api.conftest import issue
from tests.integration.bookings.api.wishes import tomorrow_at

schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())


@pytest.fixture
def one_connection() -> Iterator[None]:
    """Requests leave the test's connection open, as Django's own test client has it."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def at_dinner(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is tomorrow evening, so that walk-ins come while the restaurant serves."""
    now = tomorrow_at(18).replace(tzinfo=UTC)
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)


@schema.parametrize()
@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_no_server_error_and_no_undocumented_answer(
    case: schemathesis.Case[Any],
    restaurant: Restaurant,
    one_connection: None,
    at_dinner: None,
) -> None:
    """Good requests are pointed at rows there are, so that they get past the first check."""
    if case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE:
        _make_real(case, restaurant)
    case.call_and_validate(
        headers={"Authorization": f"Bearer {issue(restaurant).secret}"},
        # A request in good form may still be one the restaurant cannot take.
        excluded_checks=[positive_data_acceptance],
    )


def _make_real(case: schemathesis.Case[Any], restaurant: Restaurant) -> None:
    parameters, query = case.path_parameters or {}, case.query or {}
    if "reference" in parameters:
        parameters["reference"] = _booking_for(case, restaurant).reference
    if "named" in parameters:
        parameters["named"] = restaurant.slug
    if "party_size" in query:
        query.update({"party_size": 2, "date": f"{tomorrow_at():%Y-%m-%d}"})
        query.pop("zone", None)
    if isinstance(case.body, dict):
        real: dict[str, Any] = {
            "restaurant": restaurant.slug,
            "start": tomorrow_at().isoformat(),
            "end": None,
            "party_size": 2,
            "zone": None,
        }
        case.body.update({name: value for name, value in real.items() if name in case.body})


def _booking_for(case: schemathesis.Case[Any], restaurant: Restaurant) -> Booking:
    """A booking with which the operation's step can be taken."""
    booking = receive(restaurant)
    status = {"check-in": "confirmed", "no-show": "confirmed", "complete": "checked_in"}
    booking.status = status.get(case.path.rsplit("/", 1)[-1], "pending")
    booking.save(update_fields=["status"])
    return booking


def outside_hosts(text: str) -> set[str]:
    """Hosts that a page or document would have a browser ask."""
    return set(re.findall(r"""(?:src|href|url|\$ref)["']?\s*[=:(]\s*["']?((?:https?:)?//[^"'\s)]+)""", text))


def test_the_document_is_open_to_all_in_both_forms(client: Client) -> None:
    document = client.get("/api/v1/openapi.json")
    assert document.json()["openapi"].startswith("3.")
    assert "servers" not in document.json()
    as_yaml = client.get("/api/v1/openapi.yaml")
    assert as_yaml.headers["Content-Type"] == "application/yaml"
    assert "/api/v1/bookings/{reference}/check-in:" in as_yaml.content.decode()


def test_document_and_page_name_no_outside_host(client: Client) -> None:
    page = client.get("/api/v1/docs").content.decode()
    script = client.get("/api/v1/docs?script=").content.decode()
    document = json.dumps(client.get("/api/v1/openapi.json").json())
    assert "swagger-ui" in page
    for text in (page, script, document):
        assert outside_hosts(text) == set()
        assert "//" not in re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE).replace("://localhost", "")


def test_everything_the_page_loads_is_served_from_here(client: Client) -> None:
    page = client.get("/api/v1/docs").content.decode()
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    files = [address.removeprefix("/static/") for address in loaded if address.startswith("/static/")]
    assert len(files) == 4
    assert all(finders.find(name) for name in files)
    (own,) = [address for address in loaded if not address.startswith("/static/")]
    assert client.get(own).headers["Content-Type"].startswith("application/javascript")
    assert "<script>" not in page

"""A restaurant, a channel's token for it, and a caller that sends JSON with that token."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from bookings.api import throttling, tokens
from bookings.models import ChannelToken, Restaurant, TokenRight
from tests.factories import serving_restaurant

ALL_RIGHTS = tuple(TokenRight.values)

IssueToken = Callable[..., tokens.Issued]


def issue(
    *restaurants: Restaurant,
    channel: str = "web",
    rights: Sequence[str] = ALL_RIGHTS,
    days: float = 30,
    all_restaurants: bool = False,
) -> tokens.Issued:
    now = timezone.now()
    token = ChannelToken(
        channel=channel,
        rights=list(rights),
        all_restaurants=all_restaurants,
        created_at=now - timedelta(days=60),
        expires_at=now + timedelta(days=days),
    )
    return tokens.issue(token=token, restaurants=restaurants)


@dataclass(kw_only=True)
class Caller:
    """Speaks JSON under /api/v1/ with one token."""

    secret: str
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def get(self, path: str, **query: Any) -> Any:
        return self.send("GET", path, query=query)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("POST", path, body=body, headers=headers)

    def patch(self, path: str, body: Any) -> Any:
        return self.send("PATCH", path, body=body)

    def send(
        self, method: str, path: str, *, body: Any = None, query: Any = None, headers: Any = None
    ) -> Any:
        raw = body if isinstance(body, (bytes, str)) else json.dumps(body)
        return self.client.generic(
            method,
            f"/api/v1/{path}",
            b"" if body is None else raw,
            content_type="application/json",
            query_params=query or {},
            headers={
                "Authorization": f"Bearer {self.secret}",
                **{name.replace("_", "-"): value for name, value in (headers or {}).items()},
            },
        )


def refused(response: Any, status: int, *fields: str) -> dict[str, Any]:
    """The problem of an answer, checked for its form, its status and the fields it names."""
    assert response.status_code == status, response.content
    assert response.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert set(problem) >= {"type", "title", "status", "detail", "errors"}
    assert problem["status"] == status
    assert problem["detail"]
    assert [error["field"] for error in problem["errors"]] == list(fields)
    return problem


@pytest.fixture(autouse=True)
def patient(settings: Any) -> None:
    """All tests come from one address within one minute; those of the limits set their own."""
    settings.API_REQUESTS_PER_MINUTE = settings.API_FAILURES_PER_MINUTE = 1_000_000
    throttling.forget()


@pytest.fixture
def restaurant(db: None) -> Restaurant:
    return serving_restaurant(2, 4, 6, slug="anchor")


@pytest.fixture
def web(restaurant: Restaurant) -> Caller:
    """The web shop, which may do everything at one restaurant."""
    return Caller(secret=issue(restaurant).secret)

"""Who sees the page, and how often it is made."""

from typing import Any

import pytest
from django.test import Client

from observability.prometheus import page
from observability.prometheus.page import KEPT_FOR, Kept
from tests.factories import NOW

pytestmark = pytest.mark.django_db

TOKEN = "scrape-" * 8


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "_kept", Kept(make=lambda: page.text(now=NOW)))


def test_locally_it_is_open(client: Client) -> None:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    assert b"table_assignment_workers 0.0" in answer.content
    assert "no-store" in answer["Cache-Control"]


def test_a_deployment_without_a_token_has_no_such_page(client: Client, settings: Any) -> None:
    settings.METRICS_OPEN = False
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"authorization": "Bearer "}).status_code == 404


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}é"]
)
def test_another_token_or_none_is_refused(client: Client, settings: Any, given: str) -> None:
    settings.METRICS_TOKEN = TOKEN
    answer = client.get("/metrics", headers={"authorization": given})
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert b"table_assignment_" not in answer.content


@pytest.mark.parametrize("given", [f"Bearer {TOKEN}", f"bearer  {TOKEN}"])
def test_the_token_opens_it(client: Client, settings: Any, given: str) -> None:
    settings.METRICS_OPEN, settings.METRICS_TOKEN = False, TOKEN
    assert client.get("/metrics", headers={"authorization": given}).status_code == 200


def test_it_is_only_read(client: Client) -> None:
    assert client.post("/metrics").status_code == 405


def test_it_is_made_once_every_few_seconds() -> None:
    now, made = [0.0], iter([b"first", b"second"])
    kept = Kept(make=lambda: next(made), clock=lambda: now[0])
    assert [kept.get(), kept.get()] == [b"first", b"first"]
    now[0] = KEPT_FOR.total_seconds()
    assert kept.get() == b"second"


def test_a_scrape_that_failed_is_tried_again_by_the_next() -> None:
    answers: list[bytes | Exception] = [ZeroDivisionError(), b"well"]

    def make() -> bytes:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    kept = Kept(make=make)
    with pytest.raises(ZeroDivisionError):
        kept.get()
    assert kept.get() == b"well"

"""`/healthz` and `/readyz`: open to everybody, and telling strangers nothing they could use."""

from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from redis.exceptions import ConnectionError as RedisConnectionError

from assignments.protection import redis_access
from config import probes

READY = {"status": "ready", "database": "ok", "migrations": "applied", "redis": "ok"}


def test_the_process_says_that_it_lives_and_asks_no_database(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})
    assert "no-store" in answer.headers["Cache-Control"]
    assert client.post("/healthz").status_code == 405


@pytest.mark.django_db
def test_ready_means_a_database_with_every_migration(client: Client) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, READY)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'observability'")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["migrations"]) == (503, "missing")


@pytest.mark.django_db
def test_redis_may_be_away(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_question: object) -> None:
        raise RedisConnectionError("10.0.0.7:6379 refused")

    monkeypatch.setattr(redis_access, "ask", away)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, READY | {"redis": "away"})


@pytest.mark.django_db
def test_a_database_that_is_away_is_not_ready_and_its_address_is_not_told(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> Any:
        raise OperationalError("connection to db.internal failed for user console")

    monkeypatch.setattr(probes, "_is_migrated", away)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["database"]) == (503, "away")
    assert "internal" not in answer.content.decode()

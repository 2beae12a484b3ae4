"""Fixtures for all tests: the real PostgreSQL and the real Redis-compatible server."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection

from assignments import flags
from observability import rollups


@pytest.fixture(autouse=True)
def local_mail(settings: Any, tmp_path: Any) -> None:
    """Mail goes to Django's in-memory outbox (pytest-django); the mailbox folder is this test's own."""
    settings.MAILBOX_DIR = tmp_path / "mailbox"


@pytest.fixture(autouse=True)
def v3_decides(settings: Any) -> Iterator[None]:
    """V3 takes every booking, as at the end of a rollout. Tests of the flags override this fixture."""
    settings.FEATURE_ASSIGNMENT_PIPELINE_V3 = True
    flags.forget()
    yield
    flags.forget()


@pytest.fixture
def committed_db(transactional_db: None) -> Iterator[None]:
    """The test database without a surrounding transaction, so that other processes see the rows.

    It is emptied afterwards by Django's flush. The append-only tables refuse that, as they should;
    a superuser's session that acts as a replica passes their triggers, which no application role
    can do. pytest-django closes that session right after.
    """
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
    # No models stand for these tables, so that the flush would leave them.
    rollups.forget()


@pytest.fixture(scope="session", autouse=True)
def own_redis_keys() -> Iterator[None]:
    """Keys of this run carry its process id, so that runs side by side do not meet."""
    cache = caches["default"]
    before = cache.key_prefix
    cache.key_prefix = f"test-{os.getpid()}"
    yield
    cache.key_prefix = before

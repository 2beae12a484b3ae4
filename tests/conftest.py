"""Fixtures for all tests: the real PostgreSQL and the real Redis-compatible server."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import caches
from django.db import connection
from django.test.client import ClientHandler

from assignments import flags
from assignments.flags.pins import VARIABLES
from observability import rollups
from tests import emptying
from tests.rights import acting_as, make_roles


@pytest.fixture(autouse=True)
def local_mail(settings: Any, tmp_path: Any) -> None:
    """Mail goes to Django's in-memory outbox (pytest-django); the mailbox folder is this test's own."""
    settings.MAILBOX_DIR = tmp_path / "mailbox"


@pytest.fixture(autouse=True)
def v3_decides(settings: Any) -> Iterator[None]:
    """V3 takes every booking, as at the end of a rollout. Tests of the flags use `nothing_pinned`."""
    settings.FEATURE_ASSIGNMENT_PIPELINE_V3 = True
    flags.forget()
    yield
    flags.forget()


@pytest.fixture
def nothing_pinned(settings: Any, v3_decides: None) -> None:
    """The flags of the database decide."""
    for variable in VARIABLES.values():
        setattr(settings, variable, None)
    flags.forget()


@pytest.fixture
def committed_db(transactional_db: None) -> Iterator[None]:
    """The test database without a surrounding transaction, so that other processes see the rows.

    It is emptied afterwards. The append-only tables refuse that, as they should; a superuser's session
    that acts as a replica passes their triggers, which no application role can do. pytest-django
    closes that session right after.
    """
    before = emptying.seeds()
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
    # No models stand for these tables, so that the flush would leave them.
    rollups.forget()
    emptying.empty(before=before)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """The test database, and in it the roles of web processes and workers."""
    with django_db_blocker.unblock():
        make_roles()


@pytest.fixture(autouse=True)
def requests_have_the_rights_of_the_web(request: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test asks of a page or of the API is done with the database rights of a web process."""
    if not {"db", "transactional_db"} & set(request.fixturenames):
        return
    answer = ClientHandler.__call__

    def answer_as_web(handler: ClientHandler, environ: Any) -> Any:
        with acting_as("web"):
            return answer(handler, environ)

    monkeypatch.setattr(ClientHandler, "__call__", answer_as_web)


@pytest.fixture(scope="session", autouse=True)
def own_redis_keys() -> Iterator[None]:
    """Keys of this run carry its process id, so that runs side by side do not meet.

    The settings say so: connections of other threads, and those made anew after a test that overrides
    them, read it there.
    """
    configured: dict[str, Any] = settings.CACHES["default"]
    prefix = f"test-{os.getpid()}"
    before = configured["KEY_PREFIX"]
    configured["KEY_PREFIX"] = caches["default"].key_prefix = prefix
    yield
    configured["KEY_PREFIX"] = caches["default"].key_prefix = before

"""A database for measurements only, on the configured server; the operator's data are never touched."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.cache import caches
from django.core.management import call_command
from django.db import ProgrammingError, connection, connections
from django.utils import timezone

from assignments import flags
from assignments.flags import services
from assignments.flags.authors import Author
from config.local.services import local_services

AUTHOR = Author(name="benchmark")
WHY = "benchmarks measure V3"


class NoDatabaseError(RuntimeError):
    """The role may not make a database; the message tells the way out."""


@contextmanager
def throwaway_database() -> Iterator[str]:
    """Have this process, and those it forks, use a new and migrated database; drop it afterwards.

    Embedded servers are started for it, and stopped again. V3 takes every booking. Keys in Redis get a
    prefix of their own. Raises NoDatabaseError, and PinnedError where the environment pins V3.
    """
    with empty_database() as name:
        services.set_cohort(percentage=100, reason=WHY, by=AUTHOR, now=timezone.now())
        yield name


@contextmanager
def empty_database() -> Iterator[str]:
    """The same with all flags off, as a deployment begins."""
    with _servers(), _database() as name:
        yield name


@contextmanager
def _servers() -> Iterator[None]:
    embedded = {"database": settings.EMBEDDED_DATABASE, "redis": settings.EMBEDDED_REDIS}
    with local_services(settings.LOCAL_DATA_DIR, **embedded):
        yield


@contextmanager
def _database() -> Iterator[str]:
    name, before = f"bench_{secrets.token_hex(6)}", str(connection.settings_dict["NAME"])
    _create(name)
    cache = caches["default"]
    prefix, cache.key_prefix = cache.key_prefix, name
    _use(name)
    try:
        call_command("migrate", verbosity=0)
        yield name
    finally:
        _use(before)
        cache.key_prefix = prefix
        _drop(name)


def _create(name: str) -> None:
    try:
        _execute(f'CREATE DATABASE "{name}"')
    except ProgrammingError as error:
        raise NoDatabaseError(
            f"no database for the benchmark ({str(error).strip()}); give the role the right: "
            f"ALTER ROLE {connection.settings_dict['USER']} CREATEDB"
        ) from error


def _drop(name: str) -> None:
    _execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _execute(statement: str) -> None:
    with connection._nodb_cursor() as cursor:  # noqa: SLF001 - how Django itself makes databases
        cursor.execute(statement)


def _use(name: str) -> None:
    connections.close_all()
    connection.settings_dict["NAME"] = name
    flags.forget()

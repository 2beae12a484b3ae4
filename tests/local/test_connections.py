"""Django's and django-redis's first connection starts the servers."""

import os
import signal
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler
from django_redis.cache import RedisCache
from psycopg import OperationalError
from pytest_django.fixtures import Settings
from pytest_django.plugin import DjangoDbBlocker
from redis.exceptions import ConnectionError as RedisConnectionError

from config.local.addresses import database_settings, redis_url
from config.local.locks import is_alive
from tests.local.probes import pids, postmaster, wait_until


@pytest.fixture
def database(
    root: Path, settings: Settings, django_db_blocker: DjangoDbBlocker
) -> Iterator[BaseDatabaseWrapper]:
    settings.LOCAL_DATA_DIR = root
    with django_db_blocker.unblock(), closing(connection_to(root)) as connection:
        yield connection


@pytest.fixture
def cache(root: Path, settings: Settings) -> Iterator[RedisCache]:
    settings.LOCAL_DATA_DIR = root
    cache = cache_at(root)
    yield cache
    cache.client.get_client().connection_pool.disconnect()


def connection_to(root: Path) -> BaseDatabaseWrapper:
    return ConnectionHandler({"default": database_settings(root)})["default"]


def cache_at(root: Path) -> RedisCache:
    factory = "config.local.redis.EmbeddedConnectionFactory"
    return RedisCache(redis_url(root), {"OPTIONS": {"CONNECTION_FACTORY": factory}})


def connected_to(wrapper: BaseDatabaseWrapper) -> str:
    """Connects below Django's signals, whose receivers would use the connection of the settings."""
    with closing(wrapper.get_new_connection(wrapper.get_connection_params())) as connection:
        return str(connection.execute("SELECT current_database()").fetchone()[0])


def test_the_first_query_starts_the_database(database: BaseDatabaseWrapper, root: Path) -> None:
    assert list(pids(root)[0]) == []

    assert connected_to(database) == "table_assignment"
    assert postmaster(root)


def test_a_connection_made_after_the_server_died_restarts_it(
    database: BaseDatabaseWrapper, root: Path
) -> None:
    connected_to(database)
    os.kill(postmaster(root), signal.SIGKILL)

    assert connected_to(database) == "table_assignment"


def test_the_connection_that_makes_test_databases_starts_it_too(
    database: BaseDatabaseWrapper, root: Path
) -> None:
    with database._nodb_cursor() as cursor:
        cursor.execute("CREATE DATABASE test_table_assignment")
        cursor.execute("DROP DATABASE test_table_assignment")

    assert postmaster(root)


def test_a_database_that_does_not_exist_is_still_an_error(database: BaseDatabaseWrapper) -> None:
    database.settings_dict["NAME"] = "no_such_database"

    with pytest.raises(OperationalError, match='database "no_such_database" does not exist'):
        connected_to(database)


def test_a_database_that_cannot_start_says_how_to_go_on(
    fresh_root: Path, settings: Settings, django_db_blocker: DjangoDbBlocker
) -> None:
    fresh_root.write_text("a file in the way")
    settings.LOCAL_DATA_DIR = fresh_root

    with django_db_blocker.unblock(), pytest.raises(OperationalError, match="name another folder"):
        connected_to(connection_to(fresh_root))


def test_the_first_look_into_the_cache_starts_redis(cache: RedisCache, root: Path) -> None:
    assert list(pids(root)[1]) == []

    cache.set("key", "value")

    assert cache.get("key") == "value"
    assert len(pids(root)[1]) == 1


def test_a_connection_to_the_cache_made_after_its_server_died_restarts_it(
    cache: RedisCache, root: Path
) -> None:
    cache.set("key", "value")
    (killed,) = pids(root)[1]
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: not is_alive(root / "redis.alive"))
    with suppress(RedisConnectionError):
        cache.get("key")  # on the connection that was cut

    assert cache.get("key") is None
    assert list(pids(root)[1]) != [killed]


def test_a_cache_that_cannot_start_says_how_to_go_on(fresh_root: Path, settings: Settings) -> None:
    fresh_root.write_text("a file in the way")
    settings.LOCAL_DATA_DIR = fresh_root

    with pytest.raises(RedisConnectionError, match="name another folder"):
        cache_at(fresh_root).get("key")

"""Throw-away servers, to be stopped and killed at will, and looks at their databases."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import psutil
import psycopg
from django.core.management import call_command
from django.db import connection, connections
from django.db.backends.postgresql.base import DatabaseWrapper
from redis import Redis

from config.database_roles import statements
from config.local import keeper, services
from config.local.addresses import SUPERUSER, addresses
from config.local.redis_server import RedisServer

TEMPLATE = "chaos_template"

#: The role that the workers have in each database, with the rights they have in earnest.
WORKER = "chaos_worker"

#: Days of events that the database keeps whatever is asked.
KEPT_DAYS = 7


class Servers:
    """PostgreSQL and Redis of a folder of its own, to be stopped and killed at will."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._where = addresses(root)
        self._count = 0

    def start(self) -> None:
        services.ensure_database(self.root)
        services.ensure_redis(self.root)
        with self.admin() as admin:
            admin.execute(f"CREATE DATABASE {TEMPLATE}")
        with using(self, TEMPLATE):
            call_command("migrate", verbosity=0)
            with connection.cursor() as cursor:
                for statement in statements(web="chaos_web", worker=WORKER, keep_events_days=KEPT_DAYS):
                    cursor.execute(statement)

    def stop(self) -> None:
        services.stop(self.root)

    @contextmanager
    def admin(self) -> Iterator[psycopg.Connection]:
        with self.connect("postgres") as admin:
            yield admin

    def connect(self, database: str) -> psycopg.Connection:
        host = str(self._where.postgres_socket_folder)
        return psycopg.connect(host=host, user=SUPERUSER, dbname=database, autocommit=True)

    def new_database(self) -> str:
        """A migrated and empty database."""
        self._count += 1
        name = f"chaos_{self._count}"
        with self.admin() as admin:
            admin.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        return name

    @property
    def database_host(self) -> str:
        return str(self._where.postgres_socket_folder)

    @property
    def database_socket(self) -> str:
        return str(self._where.postgres_socket)

    @property
    def redis_url(self) -> str:
        return f"unix://{self._where.redis_socket}?db=0"

    @property
    def redis(self) -> Redis:
        return Redis.from_url(self.redis_url)

    def stop_redis(self) -> None:
        keeper.stop(RedisServer(addresses=self._where))

    def start_redis(self) -> None:
        services.ensure_redis(self.root)

    def restart_database_immediately(self) -> None:
        """An immediate shutdown, as good as a crash, and a start with recovery."""
        (main,) = (s.pids[0] for s in services.status(self.root) if "PostgreSQL" in s.title)
        os.kill(main, signal.SIGQUIT)
        while psutil.pid_exists(main):
            time.sleep(0.02)
        services.ensure_database(self.root)


@contextmanager
def using(servers: Servers, database: str) -> Iterator[None]:
    """Have this thread's Django use a database of `servers`, through the plain backend."""
    before = connection.settings_dict
    original = connections["default"]
    own = {**before, "ENGINE": "django.db.backends.postgresql", "NAME": database}
    own |= {"HOST": servers.database_host, "USER": SUPERUSER, "PASSWORD": "", "PORT": ""}
    connections["default"] = DatabaseWrapper(own, alias="default")
    try:
        yield
    finally:
        connections["default"].close()
        connections["default"] = original


@dataclass(kw_only=True, slots=True)
class LeaseWatch:
    """Counts live leases by restaurant all the while, from a connection of its own (I6 at any moment)."""

    servers: Servers
    database: str
    most: int = 0
    looks: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        threading.Thread(target=self._look, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()

    def _look(self) -> None:
        with self.servers.connect(self.database) as own:
            while not self._stop.wait(0.02):
                row = own.execute(
                    "SELECT max(live) FROM (SELECT count(*) AS live FROM assignment_slots"
                    " WHERE lease_until > clock_timestamp() GROUP BY restaurant_id) AS counted"
                ).fetchone()
                self.most = max(self.most, (row and row[0]) or 0)
                self.looks += 1

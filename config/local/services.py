"""Starts, stops and describes the embedded servers of one clone, named by its data folder."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from config.local import keeper
from config.local.addresses import Addresses, addresses
from config.local.postgres_server import PostgresServer
from config.local.processes import leaders
from config.local.redis_server import RedisServer
from config.local.server import Server


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """What one server is doing; ``pids`` are those of its first processes, one if all is well."""

    title: str
    usable: bool
    pids: Sequence[int]
    folder: Path
    log: Path


def ensure_database(root: Path) -> bool:
    """Makes PostgreSQL usable: a connection test if it runs, else a start within seconds.

    True if this call started it. Raises LocalServiceError, whose text says how to go on.
    """
    return keeper.ensure(PostgresServer(addresses=addresses(root)))


def ensure_redis(root: Path) -> bool:
    """Makes the Redis-compatible server usable; else as :func:`ensure_database`."""
    return keeper.ensure(RedisServer(addresses=addresses(root)))


@contextmanager
def local_services(
    root: Path, *, database: bool = True, redis: bool = True, stop_if_started: bool = True
) -> Iterator[Sequence[str]]:
    """Has the servers run inside the block; gives the titles of those it started.

    At the end it stops these and no others, unless ``stop_if_started`` is false. Raises
    LocalServiceError.
    """
    started: list[Server] = []
    try:
        for server in _wanted(addresses(root), database=database, redis=redis):
            if keeper.ensure(server):
                started.append(server)  # noqa: PERF401 - those before one that fails must be stopped too
        yield [server.title for server in started]
    finally:
        if stop_if_started and started:
            _stop(addresses(root), started)


def stop(root: Path) -> Sequence[str]:
    """Stops this clone's servers and removes what they leave; gives the titles of those that ran.

    Returns when they are gone. Raises LocalServiceError if one does not go.
    """
    where = addresses(root)
    return _stop(where, _wanted(where, database=True, redis=True))


def status(root: Path) -> Sequence[Status]:
    """What PostgreSQL and the Redis-compatible server do now; changes nothing."""
    return [_status(server) for server in _wanted(addresses(root), database=True, redis=True)]


def _wanted(where: Addresses, *, database: bool, redis: bool) -> list[Server]:
    servers: list[Server] = []
    if database:
        servers.append(PostgresServer(addresses=where))
    if redis:
        servers.append(RedisServer(addresses=where))
    return servers


def _stop(where: Addresses, servers: Sequence[Server]) -> Sequence[str]:
    stopped = [server.title for server in servers if keeper.stop(server)]
    with suppress(OSError):  # another server still has its socket there
        where.runtime.rmdir()
    return stopped


def _status(server: Server) -> Status:
    running = leaders(server.processes())
    return Status(
        title=server.title,
        usable=server.is_usable(),
        pids=[process.pid for process in running],
        folder=server.folder,
        log=server.log,
    )

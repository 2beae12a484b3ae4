"""Throw-away data folders whose servers are ended whatever the test did to them."""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from signal import SIGKILL

import pytest

from config.local.addresses import addresses
from config.local.postgres_server import PostgresServer
from config.local.processes import Step, end
from config.local.redis_server import RedisServer
from config.local.services import ensure_database, stop

KILL = (Step(signal=SIGKILL, patience=10),)


@pytest.fixture(scope="session")
def used_root() -> Iterator[Path]:
    with ExitStack() as afterwards:
        root = throw_away_root(afterwards)
        ensure_database(root)
        stop(root)
        yield root


@pytest.fixture
def root(used_root: Path) -> Iterator[Path]:
    """The data folder of a clone whose PostgreSQL ran before. Tests share it, so leave the data whole."""
    with ExitStack() as afterwards:
        afterwards.callback(end_servers, used_root)
        yield used_root
        stop(used_root)


@pytest.fixture
def new_root() -> Iterator[Callable[[], Path]]:
    """Names data folders that do not exist yet, as of fresh clones side by side."""
    with ExitStack() as afterwards:
        yield lambda: throw_away_root(afterwards)


@pytest.fixture
def fresh_root(new_root: Callable[[], Path]) -> Path:
    """The data folder of a clone in which no server was started yet."""
    return new_root()


@pytest.fixture
def root_to_ruin(fresh_root: Path, used_root: Path) -> Path:
    """As ``root``, for one test alone."""
    subprocess.run(["cp", "-a", used_root, fresh_root], check=True)
    return fresh_root


def throw_away_root(afterwards: ExitStack) -> Path:
    clone = Path(tempfile.mkdtemp(prefix="clone-", dir=scratch()))
    clone.chmod(0o755)
    afterwards.callback(remove, clone)
    return clone / ".local"


def scratch() -> str | None:
    """Memory if there is plenty: making and removing databases is mostly waiting for the disk."""
    memory = Path("/dev/shm")
    plenty = memory.is_dir() and shutil.disk_usage(memory).free > 1_000_000_000
    return str(memory) if plenty else None


def remove(clone: Path) -> None:
    end_servers(clone / ".local")
    shutil.rmtree(clone)


def end_servers(root: Path) -> None:
    """Without the code under test's consent: it may be what failed."""
    where = addresses(root)
    end(PostgresServer(addresses=where).processes, KILL)
    end(RedisServer(addresses=where).processes, KILL)
    shutil.rmtree(where.runtime, ignore_errors=True)

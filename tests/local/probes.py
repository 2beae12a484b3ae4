"""What the tests look at and do from outside, without the code under test where that matters."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg
from django.conf import settings

from config.local.addresses import DATABASE, SUPERUSER, addresses
from config.local.services import status

ENSURE_DATABASE = "print(ensure_database(root))"
PRELUDE = """
import os, sys, time
from pathlib import Path
import encodings.idna
from config.local.addresses import addresses
from config.local.services import ensure_database, ensure_redis, local_services, status, stop
root = Path(sys.argv[1])
"""


def process(script: str, root: Path, *, prefix: Sequence[str] = ()) -> subprocess.Popen[str]:
    """Another process of the clone, running ``script`` after PRELUDE."""
    command = [*prefix, sys.executable, "-c", PRELUDE + script, str(root)]
    return subprocess.Popen(
        command, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def output(script: str, root: Path, *, prefix: Sequence[str] = ()) -> str:
    """What another process of the clone prints; it must end well."""
    with process(script, root, prefix=prefix) as running:
        said, _ = running.communicate(timeout=60)
    assert running.returncode == 0, said
    return said.strip()


def connect(root: Path) -> psycopg.Connection:
    where = addresses(root)
    return psycopg.connect(
        host=str(where.postgres_socket_folder), port=5432, user=SUPERUSER, dbname=DATABASE, autocommit=True
    )


def ask(root: Path, query: str) -> object:
    """The first value of the first row, None for a statement without rows."""
    with connect(root) as connection:
        cursor = connection.execute(query.encode())
        row = cursor.fetchone() if cursor.description else None
    return row[0] if row else None


def ping(root: Path) -> bytes:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(addresses(root).redis_socket))
        client.sendall(b"PING\r\n")
        return client.recv(64)


def pids(root: Path) -> tuple[Sequence[int], Sequence[int]]:
    """Of PostgreSQL's and of Redis's first processes."""
    database, redis = status(root)
    return database.pids, redis.pids


def postmaster(root: Path) -> int:
    (pid,) = pids(root)[0]
    return pid


def wait_until(condition: Callable[[], bool], *, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


def runs(pid: int) -> bool:
    """Whether the process lives; one that ended and was not yet collected by its parent does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in {"Z", "X"}

"""Where the embedded servers of one clone keep their data and listen. Starts nothing.

Everything follows from the data folder's path and the user: the same clone has the same addresses
in every process, two clones never share one. Sockets live in a short folder of their own, because
a socket's path may have 107 bytes at most and a clone's path alone can be longer.
"""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATABASE = "table_assignment"
SUPERUSER = "postgres"
# Part of the socket's name only. Set, because PGPORT of the user's shell would win otherwise.
SOCKET_PORT = "5432"
# Not TMPDIR and not XDG_RUNTIME_DIR: they differ between a login, cron and an editor's terminal,
# and the latter is wiped at logout while the servers stay.
RUNTIME_PARENT = Path("/tmp")  # noqa: S108 - the folder made in it has rights 0700 and a checked owner


# The name of the sockets' folder, and the mark by which a clone's processes are recognised.
MARK = re.compile(r"table-assignment-\d+-[0-9a-f]{12}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Addresses:
    """Folders and files of one clone's servers; ``runtime`` holds the sockets, nothing to keep."""

    data_root: Path
    runtime: Path

    @property
    def start_lock(self) -> Path:
        return self.data_root / "start.lock"

    @property
    def postgres_socket_folder(self) -> Path:
        return self.runtime / "postgres"

    @property
    def postgres_socket(self) -> Path:
        return self.postgres_socket_folder / f".s.PGSQL.{SOCKET_PORT}"

    @property
    def redis_socket(self) -> Path:
        return self.runtime / "redis" / "socket"


def data_root(base_dir: Path) -> Path:
    """The folder of everything a clone's local environment keeps; git ignores it."""
    return base_dir / ".local"


def addresses(root: Path) -> Addresses:
    """The addresses of the servers whose data are in ``root``."""
    root = root.expanduser().resolve()
    digest = hashlib.sha256(os.fsencode(root)).hexdigest()[:12]
    return Addresses(data_root=root, runtime=RUNTIME_PARENT / f"table-assignment-{os.geteuid()}-{digest}")


def database_settings(root: Path) -> dict[str, Any]:
    """``DATABASES["default"]`` for the embedded PostgreSQL; its first connection starts the server."""
    return {
        "ENGINE": "config.local.postgresql",
        "NAME": DATABASE,
        "USER": SUPERUSER,
        "PASSWORD": "",
        "HOST": str(addresses(root).postgres_socket_folder),
        "PORT": SOCKET_PORT,
    }


def redis_url(root: Path) -> str:
    """The address of the embedded Redis-compatible server in the form redis-py reads."""
    return f"unix://{addresses(root).redis_socket}?db=0"

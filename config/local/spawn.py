"""Starts a server that outlives its starter and is deaf to the starter's terminal."""

import subprocess
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from config.local.errors import failure

LARGEST_LOG = 5_000_000  # bytes; an older log is kept once, beside the new one


def installed(package: str) -> Path:
    """The folder of a package of the development dependencies; raises LocalServiceError without it."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise failure(
            what=f"The package {package.replace('_', '-')} is not installed",
            way_out="Run 'make install', or set DATABASE_URL and REDIS_URL to servers of your own.",
        )
    return Path(spec.submodule_search_locations[0])


def clean_environment() -> dict[str, str]:
    """What the servers get to see: no PG* variable or language of the starter's shell bends them."""
    return {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LC_ALL": "C",
        "TZ": "UTC",
    }


def start_detached(command: Sequence[str], *, folder: Path, log: Path, life: IO[bytes]) -> None:
    """Starts ``command`` in ``folder`` as nobody's child and in a session of its own.

    The shell in between ends at once and leaves the server to init, so that Ctrl-C does not reach it
    and its end leaves no zombie in the starter. The server inherits ``life``, its life lock.
    """
    with open_log(log) as output:
        subprocess.run(  # noqa: S603
            ["/bin/sh", "-c", '"$@" &', "sh", *command],
            cwd=folder,
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            pass_fds=[life.fileno()],
            umask=0o077,
            check=True,
        )


def open_log(log: Path) -> IO[bytes]:
    """Opens a log to append to; one grown large is put aside first."""
    log.parent.mkdir(exist_ok=True)
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        log.replace(log.with_suffix(".old.log"))
    return log.open("ab")

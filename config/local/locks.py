"""Two kinds of file lock, both released by the kernel when their holder dies.

The start lock is held while somebody starts or stops servers of a clone.

A life lock is handed to a server as an open file, and its processes inherit it: it is held exactly
as long as one of them lives. It cannot be stale, truncated or name a foreign process, as a pid file
can; it sees backends that outlive a killed postmaster, and servers in other containers.
"""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from config.local.errors import failure

PAUSE = 0.02  # seconds between two looks at a lock


@contextmanager
def start_lock(path: Path, *, patience: float = 150.0) -> Iterator[None]:
    """Holds the start lock; waits ``patience`` seconds for it, then raises LocalServiceError."""
    with path.open("ab") as file:
        deadline = time.monotonic() + patience
        while not _locked(file, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise failure(
                    what=f"Another process has held {path} for {patience:.0f} s while starting a server",
                    way_out=f"Find it with 'fuser -v {path}' and end it, then try again.",
                )
            time.sleep(PAUSE)
        yield


def claim_life(path: Path) -> IO[bytes] | None:
    """The life lock as an open file to hand to a new server; None while an old one lives."""
    file = path.open("ab")
    if _locked(file, fcntl.LOCK_EX):
        return file
    file.close()
    return None


def is_alive(path: Path) -> bool:
    """Whether any process of the server with this life lock lives."""
    if not path.exists():
        return False
    with path.open("rb") as file:
        return not _locked(file, fcntl.LOCK_SH)


def _locked(file: IO[bytes], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

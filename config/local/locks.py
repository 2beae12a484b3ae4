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

from config.local.addresses import MARK
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


def claim_life(path: Path, *, mark: str) -> IO[bytes] | None:
    """The life lock as an open file to hand to a new server; None while an old one lives.

    ``mark`` is written into it: how to recognise the processes that hold it.
    """
    file = path.open("ab", buffering=0)
    if not _locked(file, fcntl.LOCK_EX):
        file.close()
        return None
    file.truncate(0)
    file.write(mark.encode())
    return file


def mark_of_life(path: Path) -> str | None:
    """The mark of the server that holds or last held this life lock; None if it is not whole.

    Part of a mark would be that of other clones' servers as well.
    """
    try:
        mark = path.read_text(errors="replace")
    except OSError:
        return None
    return mark if MARK.fullmatch(mark) else None


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

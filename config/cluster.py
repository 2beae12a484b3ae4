"""Runs a worker cluster (``manage.py qcluster``) beside this process, and takes it down whole.

django-q2 ends gracefully when its main process alone is told to; told as a group, its workers die
in the middle of a task. So the cluster leads a group of its own: first the main process is asked,
then the group is cleared of what is left.
"""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

#: A worker ends its task (20 s at most) before it stops; after this the whole group is killed.
STOP_SECONDS = 25

_PR_SET_PDEATHSIG = 1


class ClusterDiedError(RuntimeError):
    """The cluster ended by itself; its log says why."""


@contextmanager
def worker_cluster(*, base_dir: Path, output: IO[bytes] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Run a cluster inside the block; its output goes to `output`, else where this process's goes."""
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and command
        [sys.executable, str(base_dir / "manage.py"), "qcluster"],
        cwd=base_dir,
        stdout=output,
        stderr=subprocess.STDOUT if output else None,
        start_new_session=True,
        preexec_fn=_end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - no threads yet
    )
    try:
        yield process
    finally:
        stop_group(process)


def stop_group(process: subprocess.Popen[bytes]) -> None:
    """Ask the cluster to stop, then make sure that its whole group is gone."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _end_with_parent() -> None:
    """Have the kernel ask the cluster to stop if this process is killed and cannot do so itself."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

"""Runs a worker cluster (``manage.py qcluster``) beside this process, and takes it down whole.

django-q2 ends gracefully when its main process alone is told to; told as a group, its workers die
in the middle of a task. So the cluster leads a group of its own: first the main process is asked,
then the group is cleared of what is left.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from bookings import pulse
from bookings.lifeline import end_with_parent

#: A worker ends its task (20 s at most) before it stops; after this the whole group is killed.
STOP_SECONDS = 25

_NOTHING_ELSE: Mapping[str, str] = {}


class ClusterDiedError(RuntimeError):
    """The cluster ended by itself; its log says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cluster:
    """A running cluster and the pipe its beats arrive in."""

    process: subprocess.Popen[bytes]
    beats: int

    def stop(self) -> None:
        """Ask the cluster to stop, then make sure that its whole group is gone."""
        stop_group(self.process)
        os.close(self.beats)

    def kill(self) -> None:
        """Kill the whole group at once: a stalled cluster does not hear that it should stop."""
        kill_group(self.process)
        os.close(self.beats)


@contextmanager
def worker_cluster(
    *, base_dir: Path, output: IO[bytes] | None = None, environment: Mapping[str, str] = _NOTHING_ELSE
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a cluster inside the block; its output goes to `output`, else where this process's goes.

    It sees `environment` on top of this process's own.
    """
    process = _start(base_dir, output, None, environment)
    try:
        yield process
    finally:
        stop_group(process)


def watched_cluster(*, base_dir: Path) -> Cluster:
    """Start a cluster that sends its beats; whoever starts it stops or kills it."""
    beats, theirs = os.pipe()
    os.set_blocking(beats, False)
    os.set_blocking(theirs, False)
    try:
        return Cluster(process=_start(base_dir, None, theirs), beats=beats)
    finally:
        os.close(theirs)


def stop_group(process: subprocess.Popen[bytes]) -> None:
    """Ask the cluster to stop, then make sure that its whole group is gone."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    kill_group(process)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill every process of the cluster, its main process's orphans included."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _start(
    base_dir: Path,
    output: IO[bytes] | None,
    beats: int | None,
    added: Mapping[str, str] = _NOTHING_ELSE,
) -> subprocess.Popen[bytes]:
    environment = {name: value for name, value in os.environ.items() if name != pulse.VARIABLE} | dict(added)
    if beats is not None:
        environment[pulse.VARIABLE] = str(beats)
    return subprocess.Popen(  # noqa: S603 - our own interpreter and command
        [sys.executable, str(base_dir / "manage.py"), "qcluster"],
        cwd=base_dir,
        env=environment,
        stdout=output,
        stderr=subprocess.STDOUT if output else None,
        start_new_session=True,
        pass_fds=() if beats is None else (beats,),
        # Asked by the kernel to stop if this process is killed and cannot do so itself.
        preexec_fn=partial(end_with_parent, signal.SIGTERM),  # noqa: PLW1509 - no threads yet
    )

"""Finds and ends a server's processes by what they are, not by remembered pids.

A pid file can be stale, truncated or name a stranger. Our servers carry a mark in their command
line, which everybody may read: root of a container may not look into other users' processes any
further. Where that is allowed, the working folder tells of servers started by hand too.
"""

import os
import signal
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
PAUSE = 0.05  # seconds between two looks
REPEAT = 1.0  # seconds between two signals; Valkey forgets one that comes while it starts


@dataclass(frozen=True, kw_only=True, slots=True)
class Process:
    """One process at work on a data folder; ``ours`` if it carries a mark."""

    pid: int
    parent: int
    ours: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One stage of ending a server: a signal, and the seconds it is given."""

    signal: signal.Signals
    patience: float
    to_children: bool = True


def can_see_processes() -> bool:
    return (PROC / "self" / "cwd").exists()


def processes_on(folder: Path, *, program: str, marks: Collection[str]) -> list[Process]:
    """Processes running ``program`` with one of these marks or on this data folder."""
    found = (_inspect(entry, os.fsencode(folder), program, marks) for entry in PROC.glob("[0-9]*"))
    return [process for process in found if process]


def leaders(processes: Sequence[Process]) -> list[Process]:
    """Those whose parent is not among them: the server itself, or orphans it left."""
    pids = {process.pid for process in processes}
    return [process for process in processes if process.parent not in pids]


def end(find: Callable[[], list[Process]], steps: Sequence[Step]) -> bool:
    """Takes the steps one after another until none is found; False if one survives them all."""
    return any(_end_by(find, step) for step in steps)


def _end_by(find: Callable[[], list[Process]], step: Step) -> bool:
    for _ in range(round(step.patience / REPEAT)):
        running = find()
        for process in running if step.to_children else leaders(running):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process.pid, step.signal)
        if _gone_within(find, REPEAT):
            return True
    return False


def _gone_within(find: Callable[[], list[Process]], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while find():
        if time.monotonic() > deadline:
            return False
        time.sleep(PAUSE)
    return True


def _inspect(entry: Path, folder: bytes, program: str, marks: Collection[str]) -> Process | None:
    try:
        command = (entry / "cmdline").read_bytes()
        if not _is_running(program, command) or not _may_be_ours(entry):
            return None
        ours = any(mark.encode() in command for mark in marks)
        if not (ours or folder in command.split(b"\0") or _works_in(entry, folder)):
            return None
        return Process(pid=int(entry.name), parent=_parent(entry), ours=ours)
    except OSError:  # it ended meanwhile
        return None


def _is_running(program: str, command: bytes) -> bool:
    """Whether the command is ``program``, under its path or under a title such as "postgres: writer"."""
    first = command.partition(b"\0")[0]
    return os.fsdecode(first).partition(" ")[0].removesuffix(":").rpartition("/")[2] == program


def _may_be_ours(entry: Path) -> bool:
    """Anybody can give a process any title; root's server runs as somebody else."""
    return os.geteuid() in {0, entry.stat().st_uid}


def _works_in(entry: Path, folder: bytes) -> bool:
    try:
        return os.fsencode((entry / "cwd").readlink()) == folder
    except PermissionError:
        return False


def _parent(entry: Path) -> int:
    # The second field is the name in brackets and may hold spaces and brackets itself.
    return int((entry / "stat").read_text().rpartition(")")[2].split()[1])

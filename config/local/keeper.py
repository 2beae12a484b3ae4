"""Keeps one server per clone: starts it if needed, recovers what a crash left, stops it.

Nothing here trusts a pid file. Whether a server works is tested by connecting to it, whether any of
its processes lives by its life lock, and which they are by the mark in their titles.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import SubprocessError
from typing import IO

from config.local.errors import LocalServiceError, failure
from config.local.folders import make_data_root
from config.local.locks import claim_life, is_alive, start_lock
from config.local.processes import can_see_processes, end
from config.local.server import Answer, Server
from config.local.spawn import start_detached

PAUSE = 0.02  # seconds between two looks at a server
# Seconds an old server is given. Crash recovery of a development database takes seconds, a loaded
# machine some more. Backends of a killed postmaster end at once unless they are busy computing.
PATIENCE = {Answer.BUSY: 60.0, Answer.HUNG: 15.0, Answer.ABSENT: 3.0}
# A killed starter may have left an initdb, which bears no mark.
UNSEEN_PATIENCE = 30.0
START_PATIENCE = 60.0  # seconds a new server is given
END_PATIENCE = 5.0  # seconds a life lock may be held by processes not seen
STUCK = {
    Answer.BUSY: "is still starting, recovering or stopping",
    Answer.HUNG: "takes connections and does not answer",
    Answer.ABSENT: "runs and does not listen",
}


def ensure(server: Server) -> bool:
    """Makes the server usable; True if this call started it. Raises LocalServiceError if it cannot."""
    if server.is_usable():
        return False
    try:
        make_data_root(server.addresses.data_root)
        with start_lock(server.addresses.start_lock):
            return not server.is_usable() and _start(server)
    except (OSError, SubprocessError) as error:
        raise failure(
            what=f"{server.title} cannot be started: {error}",
            way_out="Remove this cause, or set DATABASE_URL and REDIS_URL to servers of your own.",
        ) from error


def stop(server: Server) -> bool:
    """Stops the server and removes its leftovers; False if none ran. Raises LocalServiceError."""
    with _lock_if_there(server.addresses.start_lock):
        ran = bool(server.processes()) or is_alive(server.life_lock)
        if ran:
            _end(server)
        server.remove_leftovers()
        return ran


@contextmanager
def _lock_if_there(lock: Path) -> Iterator[None]:
    """A clone without data folder has no starter to wait for, and stopping it should make none."""
    if not lock.parent.is_dir():
        yield
        return
    make_data_root(lock.parent)
    with start_lock(lock):
        yield


def _start(server: Server) -> bool:
    _refuse_other_systems()
    life = _claim_life_or_find_usable(server)
    if life is None:
        return False
    with life:
        _clear_the_way(server)
        server.remove_leftovers()
        server.make_folders(life)
        start_detached(server.command(), folder=server.folder, log=server.log, life=life)
    try:
        _await_ready(server)
        server.complete()
    except KeyboardInterrupt:
        _end(server)  # nobody would know that it was started, and so stop it
        raise
    return True


def _refuse_other_systems() -> None:
    if not can_see_processes():
        raise failure(
            what="The embedded servers need Linux with /proc",
            way_out="Set DATABASE_URL and REDIS_URL to servers of your own.",
        )


def _claim_life_or_find_usable(server: Server) -> IO[bytes] | None:
    """The life lock once the old server is gone; None if it came back to be used."""
    began = time.monotonic()
    while (life := claim_life(server.life_lock, mark=server.mark)) is None:
        answer, waited = server.answer(), time.monotonic() - began
        if answer is Answer.READY:
            server.complete()
            return None
        if waited > PATIENCE[answer]:
            _end_if_unreachable(server, answer, waited)
        time.sleep(PAUSE)
    return life


def _end_if_unreachable(server: Server, answer: Answer, waited: float) -> None:
    """Ends orphans of a killed server, and one whose socket was removed; raises for any other."""
    seen = bool(server.processes())
    if seen and answer is Answer.ABSENT:
        _end(server)
    elif seen or waited > UNSEEN_PATIENCE:
        raise _stuck(server, answer, waited)


def _clear_the_way(server: Server) -> None:
    """Ends a server whose data folder was removed under it, and with it the life lock it holds.

    One started by hand on these data is refused: a second would destroy them.
    """
    running = server.processes()
    if not all(process.ours for process in running):
        raise failure(
            what=f"{server.title} was started by other means on {server.folder} (pid {_pids(server)})",
            way_out="Stop it, or set DATABASE_URL and REDIS_URL to use it.",
        )
    if running:
        _end_processes(server)


def _await_ready(server: Server) -> None:
    began = time.monotonic()
    while (answer := server.answer()) is not Answer.READY:
        if not is_alive(server.life_lock):
            raise failure(
                what=f"{server.title} ended while starting",
                log=server.log,
                way_out="Remove the cause the log names.",
            )
        if (waited := time.monotonic() - began) > START_PATIENCE:
            raise _stuck(server, answer, waited)
        time.sleep(PAUSE)


def _end(server: Server) -> None:
    """Ends it and waits until it let go of its files. A process just forked is not yet recognised."""
    for _ in range(round(END_PATIENCE / PAUSE)):
        _end_processes(server)
        if not is_alive(server.life_lock):
            return
        time.sleep(PAUSE)
    raise _invisible(server)


def _end_processes(server: Server) -> None:
    if not end(server.processes, server.stop_steps):
        raise failure(
            what=f"{server.title} (pid {_pids(server)}) does not end",
            log=server.log,
            way_out="End it as the user it belongs to, or restart the machine.",
        )


def _stuck(server: Server, answer: Answer, waited: float) -> LocalServiceError:
    if not server.processes():
        return _invisible(server)
    return failure(
        what=f"{server.title} (pid {_pids(server)}) {STUCK[answer]} after {waited:.0f} s",
        log=server.log,
        way_out="Wait and try again, or run 'make stop' first.",
    )


def _invisible(server: Server) -> LocalServiceError:
    return failure(
        what=f"A process of another user or in another container holds {server.life_lock}",
        log=server.log,
        way_out="Stop the servers from there, or name another folder in LOCAL_DATA_DIR.",
    )


def _pids(server: Server) -> str:
    return ", ".join(str(process.pid) for process in server.processes())

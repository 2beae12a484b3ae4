"""Keeps the flags of a worker process fresh, and tells which version it runs.

The database is asked at least every second, at once after a hint. When it does not answer, the values
last read stay in use until they are too old (see `snapshot`); then everything goes to legacy until it
answers again.
"""

import logging
import os
import socket
import threading
import time
import traceback
import uuid
from dataclasses import dataclass, field

from django.db import Error, connection

from assignments.flags import acknowledgements, hint, store
from assignments.flags.cache import CACHE, Cache
from assignments.flags.snapshot import HEARTBEAT_SECONDS, MAX_AGE_SECONDS

logger = logging.getLogger(__name__)

#: Half of the second two polls may be apart, so that a slow answer still fits in.
INTERVAL_SECONDS = 0.5


def worker_name() -> str:
    """This process; the last part tells it from an earlier one with the same number."""
    return f"{socket.gethostname()[:100]}:{os.getpid()}:{uuid.uuid4().hex[:6]}"


@dataclass(kw_only=True)
class Poller:
    """Polls for one process. `round` is one look at the database; `run` repeats it until `end` is called."""

    worker: str = field(default_factory=worker_name)
    cache: Cache = CACHE
    channel: str = field(default_factory=hint.channel)
    _stop: threading.Event = field(init=False, default_factory=threading.Event)
    _woken: threading.Event = field(init=False, default_factory=threading.Event)
    _thread: threading.Thread | None = field(init=False, default=None)
    _registered: bool = field(init=False, default=False)
    _acknowledged: int | None = field(init=False, default=None)
    _reported: float = field(init=False, default=float("-inf"))
    _away: bool = field(init=False, default=False)
    _told_stale: bool = field(init=False, default=False)

    def start(self) -> None:
        """Read the flags before the first task, then keep them fresh in a thread of this process."""
        self.round()
        self._thread = threading.Thread(target=self.run, name="flags", daemon=True)
        self._thread.start()

    def run(self) -> None:
        """Poll until `end` is called; no error ends it."""
        listener = threading.Thread(
            target=hint.listen,
            kwargs={"channel": self.channel, "stop": self._stop, "wake": self._woken.set},
            name="flag hints",
            daemon=True,
        )
        listener.start()
        try:
            while not self._stop.is_set():
                self._woken.clear()
                self.round()
                self._woken.wait(INTERVAL_SECONDS)
        finally:
            connection.close()

    def end(self) -> None:
        """Make `run` return after the round it is in; wait for it if it was started here."""
        self._stop.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join()

    def round(self) -> None:
        """One look at the database, whatever comes of it."""
        try:
            self._look()
        except Exception as error:  # noqa: BLE001 - a poller that dies would leave its worker on legacy for good
            self._lost(error)

    def _look(self) -> None:
        if not self._registered:
            acknowledgements.register(self.worker)
            self._registered = True
        version = store.read_version()
        held = self.cache.held
        if held is not None:
            self._report_if_due(held.version)
        if held is None or not held.same_values_as(version=version.version, changed_at=version.changed_at):
            self._take()
        else:
            self.cache.confirm(version)
        self.cache.polled()
        self._found()

    def _take(self) -> None:
        """Use the new values first, then say so."""
        snapshot = self.cache.read()
        self.cache.offer(snapshot)
        self._report(snapshot.version)

    def _report_if_due(self, version: int) -> None:
        """The report comes before the values count as confirmed: see MAX_AGE_SECONDS."""
        if version != self._acknowledged or time.monotonic() - self._reported >= HEARTBEAT_SECONDS:
            self._report(version)

    def _report(self, version: int) -> None:
        began = time.monotonic()
        acknowledgements.acknowledge(worker=self.worker, version=version, before=self._acknowledged)
        self._acknowledged, self._reported = version, began

    def _found(self) -> None:
        if self._away:
            logger.info("the database answers again; flags are at version %s", self._acknowledged)
        self._away = self._told_stale = False

    def _lost(self, error: Exception) -> None:
        """Say it once, and once more when the values get too old to be used."""
        connection.close()
        held = self.cache.held
        if not self._away:
            frames = (
                "" if isinstance(error, Error) else "\n" + "".join(traceback.format_tb(error.__traceback__))
            )
            logger.warning(
                "flags cannot be read (%s); going on with version %s%s",
                type(error).__name__,
                held and held.version,
                frames,
            )
        if held is not None and held.stale and not self._told_stale:
            logger.error("flags are older than %g s: every booking goes to legacy", MAX_AGE_SECONDS)
            self._told_stale = True
        self._away = True


def start_polling() -> None:
    """Start the poller of this process."""
    Poller().start()

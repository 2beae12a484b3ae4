"""The snapshot a process holds, and the rule by which it is replaced: never by an older one."""

import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from django.db import Error, connection

from assignments.flags import store
from assignments.flags.snapshot import Snapshot, unknown_snapshot
from assignments.flags.store import Version

logger = logging.getLogger(__name__)

#: How long a process without poller (a command, a test, the console) uses what it read, in seconds.
TTL_SECONDS = 1.0


class Cache:
    """Holds one snapshot, which `read` brings anew. Looking at it takes no lock; replacing it does."""

    def __init__(self, read: Callable[[], Snapshot] = store.read) -> None:
        self.read = read
        self.forget()

    def forget(self) -> None:
        """Start anew: nothing held, no poller. A forked child does so: its parent's poller did not follow."""
        self._lock = threading.Lock()
        self._held: Snapshot | None = None
        self._taken = 0.0
        self._distrusted = float("-inf")
        self._polled = False

    def distrust(self) -> None:
        """Without poller, read anew before the next answer: this process has just written."""
        self._distrusted = time.monotonic()

    def current(self) -> Snapshot:
        """The flags in force. Without a query where a poller keeps them fresh, else read at most every TTL.

        Raises django.db.Error only inside a transaction, which is lost then anyway.
        """
        held = self._held
        if held is not None and (self._polled or self._fresh(held)):
            return held
        if connection.in_atomic_block:
            # What a transaction reads may never be committed: it is for this caller alone.
            return self.read()
        return self._read_again()

    @property
    def held(self) -> Snapshot | None:
        """What is held, however old."""
        return self._held

    def polled(self) -> None:
        """From now on a poller keeps the held snapshot fresh."""
        self._polled = True

    def offer(self, snapshot: Snapshot) -> bool:
        """Hold `snapshot` unless it is older than what is held; returns whether it is held now.

        Older is a lower version, if it was asked for before the held one was taken: then the write
        happened in between. A lower version that was asked for later is the database's word of today
        (a restored backup), and counts.
        """
        with self._lock:
            held = self._held
            if held is not None and snapshot.version < held.version and snapshot.confirmed < self._taken:
                return False
            if held is not None and snapshot.version == held.version and snapshot.confirmed < held.confirmed:
                return False
            self._held, self._taken = snapshot, time.monotonic()
            return True

    def confirm(self, version: Version) -> bool:
        """Note that the held values are still in force; False if they are not those of `version`."""
        with self._lock:
            held = self._held
            if held is None or not held.same_values_as(
                version=version.version, changed_at=version.changed_at
            ):
                return False
            if version.confirmed > held.confirmed:
                self._held = replace(held, confirmed=version.confirmed, confirmed_at=version.confirmed_at)
            return True

    def _fresh(self, held: Snapshot) -> bool:
        return held.age < TTL_SECONDS and held.confirmed >= self._distrusted

    def _read_again(self) -> Snapshot:
        try:
            self.offer(self.read())
        except Error as error:
            logger.warning("flags could not be read: %s", type(error).__name__)
            connection.close()
        return self._held or unknown_snapshot()


#: The cache of this process.
CACHE = Cache()
os.register_at_fork(after_in_child=CACHE.forget)

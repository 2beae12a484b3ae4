"""Keeps a worker cluster going: starts it anew, as a whole, when it died or stalled."""

import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.db import DatabaseError, close_old_connections, connection
from django.utils import timezone

from bookings import pulse
from config.cluster import Cluster, watched_cluster
from config.watchdog import Watch
from observability import events

logger = logging.getLogger(__name__)

LOOK_EVERY = timedelta(milliseconds=200)

#: A supervisor that looks again so late was stopped, or starved: so was the cluster, and gets its time anew.
SLEPT = timedelta(seconds=5)

#: Clusters that die before anything ever came through; then it is no accident but a fault to see to.
MOST_FALSE_STARTS = 3

#: The longest pause between two clusters. It grows with those that die in a row, as while a database is away.
LONGEST_PAUSE = timedelta(seconds=10)


class ClusterWillNotRunError(RuntimeError):
    """The cluster dies each time before it does anything; its output says why."""


@dataclass(kw_only=True, slots=True)
class Supervisor:
    """Runs one cluster after the other until it is asked to stop.

    `longest_task` is the queue's limit for one task. `wait` sleeps that many seconds and returns true
    once the supervisor is to stop.
    """

    base_dir: Path
    longest_task: timedelta
    wait: Callable[[float], bool]
    restarts: int = 0
    false_starts: int = 0
    has_worked: bool = False

    def run(self) -> None:
        """Return when asked to stop, with every process gone. Raises ClusterWillNotRunError."""
        while True:
            cluster = watched_cluster(base_dir=self.base_dir)
            try:
                watch, why = self._watch(cluster)
            except BaseException:
                cluster.kill()
                raise
            if why is None:
                cluster.stop()
                return
            cluster.kill()
            self._account(watch, why, cluster.process.returncode)
            if self.wait(min(self.false_starts, LONGEST_PAUSE.total_seconds())):
                return

    def _watch(self, cluster: Cluster) -> tuple[Watch, str | None]:
        """Look at the cluster until it fails (and how) or the supervisor is to stop (None)."""
        watch = Watch(since=time.monotonic(), longest_task=self.longest_task)
        looked = time.monotonic()
        while not self.wait(LOOK_EVERY.total_seconds()):
            before, looked = looked, time.monotonic()
            if looked - before > SLEPT.total_seconds():
                watch.forgive(looked)
            watch.hear(pulse.heard(cluster.beats), looked)
            if cluster.process.poll() is not None:
                return watch, "died"
            if watch.has_stalled(time.monotonic(), is_alive=_is_alive):
                if _database_answers():
                    return watch, "stalled"
                watch.forgive(time.monotonic())
        return watch, None

    def _account(self, watch: Watch, why: str, status: int) -> None:
        """Record a failed cluster; give up where none has ever got going."""
        self.restarts += 1
        self.has_worked = self.has_worked or watch.came_through
        self.false_starts = 0 if watch.came_through else self.false_starts + 1
        silent_ms = round((time.monotonic() - watch.since) * 1000)
        logger.error("the cluster %s (status %s, silent for %d ms); starting anew", why, status, silent_ms)
        if not self.has_worked and self.false_starts >= MOST_FALSE_STARTS:
            raise ClusterWillNotRunError(
                f"the cluster {why} {self.false_starts} times before it did anything "
                f"(status {status}); its lines above say why"
            )
        _record(why, silent_ms, self.restarts)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _database_answers() -> bool:
    """Whether it is the cluster that keeps the canary back, and not the database."""
    close_old_connections()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _record(why: str, silent_ms: int, restarts: int) -> None:
    restarted = events.Record(
        source=events.CLUSTER,
        event_type="cluster.restarted",
        at=timezone.now(),
        severity=events.Severity.ERROR,
        context={"reason": why, "silent_ms": silent_ms, "restarts": restarts},
    )
    close_old_connections()  # the last restart may be long ago
    try:
        events.record([restarted])
    except DatabaseError as error:
        logger.warning("the restart was not recorded: %s", type(error).__name__)

"""Tells from the beats of a cluster whether it works, is merely busy, or has stalled. Pure.

Killing an idle worker can leave the lock of django-q2's inner queue locked for ever: every process
lives and none gets a task. Only a canary that does not come through shows it.

Killing a worker just as it ends a task can leave another lock locked for ever, which the guard of the
cluster waits for: what is left works on, but a process that is lost is not replaced. Only the guard's
silence shows it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from bookings.pulse import Beat

#: A cluster whose last canary is older has stalled, unless it is busy; one whose guard last looked around
#: longer ago has, busy or not. Longer than its pusher's pause of 10 s after a failed query, and than a guard
#: tries to reach a database that is away.
SILENCE = timedelta(seconds=15)

#: What a new cluster is given until its first canary.
START = timedelta(seconds=30)


@dataclass(kw_only=True, slots=True)
class Watch:
    """What was heard of one cluster; times in seconds of one monotonic clock.

    `longest_task`: a worker that is longer at one task is not busy but lost.
    """

    since: float
    longest_task: timedelta
    came_through: bool = False
    _guarded: float | None = None
    _at_work: dict[int, float] = field(default_factory=dict)

    def hear(self, beats: Iterable[tuple[Beat, int]], now: float) -> None:
        """Take in beats, each with its process."""
        for beat, pid in beats:
            if beat is Beat.CANARY:
                self.since, self.came_through = now, True
            elif beat is Beat.GUARDED:
                self._guarded = now
            elif beat is Beat.BEGAN:
                self._at_work[pid] = now
            else:
                self._at_work.pop(pid, None)

    def forgive(self, now: float) -> None:
        """Count from now: what kept the beats back was not the cluster's fault."""
        self.since = now
        self._guarded = now if self._guarded is not None else None

    def has_stalled(self, now: float, *, is_alive: Callable[[int], bool]) -> bool:
        """Whether its guard or its canaries have fallen silent, the canaries without a reason.

        A canary waits for at most two tasks: the one worked on and the one queued before it. The guard waits
        for none.
        """
        if self._guarded is not None and now - self._guarded > SILENCE.total_seconds():
            return True
        silent = now - self.since
        if silent <= (SILENCE if self.came_through else START).total_seconds():
            return False
        longest = self.longest_task.total_seconds()
        busy = any(now - began <= longest and is_alive(pid) for pid, began in self._at_work.items())
        return not busy or silent > SILENCE.total_seconds() + 2 * longest

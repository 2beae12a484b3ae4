"""A snapshot: all flags of one version, as this process may use them."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from assignments.engine import flags as engine
from assignments.engine.flags import Explanation, FlagSet, Mode

#: A worker that was not heard of for so long is not waited for.
LIVE_SECONDS = 10.0

#: A worker that runs reports at least so often.
HEARTBEAT_SECONDS = 2.0

#: Values that nobody could confirm for so long are no longer used: everything goes to legacy. By then
#: the worker's last report is not older than LIVE_SECONDS, so that a kill that no longer waits for a
#: worker cut off from the database finds it on legacy already.
MAX_AGE_SECONDS = LIVE_SECONDS - HEARTBEAT_SECONDS


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """Immutable; evaluates without a query.

    `confirmed` is when these values were last known to be in force: this process's monotonic clock,
    in seconds, read before the database was asked. `confirmed_at` is the same moment by the database's
    clock; overrides expire by that clock, not by the worker's. `last_kill` is the version of the last kill,
    0 if there was none; it may have been taken back.
    """

    version: int
    changed_at: datetime | None
    flags: FlagSet
    cohort: str | None
    confirmed: float
    confirmed_at: datetime
    last_kill: int = 0

    @property
    def age(self) -> float:
        """Seconds since these values were last confirmed by the database."""
        return time.monotonic() - self.confirmed

    @property
    def stale(self) -> bool:
        """Whether they are too old to be used: everything goes to legacy."""
        return self.age > MAX_AGE_SECONDS

    @property
    def killed(self) -> bool:
        """Whether V3 may not run at all: killed, or too long out of touch to have heard of a kill."""
        return self.flags.killed or self.stale

    @property
    def now(self) -> datetime:
        """The database's clock, as far as this process can tell without asking."""
        return self.confirmed_at + timedelta(seconds=self.age)

    def mode(self, restaurant_id: int | None, booking_id: int | None) -> Mode:
        """The path of a booking; legacy alone where the restaurant or the flags are unknown."""
        if self.stale:
            return Mode.DISABLED
        return engine.mode(self.flags, restaurant_id=restaurant_id, booking_id=booking_id, now=self.now)

    def explain(self, restaurant_id: int | None, booking_id: int | None) -> Explanation:
        """The same answer as :meth:`mode`, with where it comes from."""
        if self.stale:
            return engine.UNKNOWN
        return engine.explain(self.flags, restaurant_id=restaurant_id, booking_id=booking_id, now=self.now)

    def max_parallel(self, restaurant_id: int | None) -> int:  # noqa: ARG002 - one limit for all today
        """Runs this restaurant may have at once."""
        return self.flags.max_parallel

    def same_values_as(self, *, version: int, changed_at: datetime | None) -> bool:
        """Whether the database holds what this snapshot holds.

        The time of the change tells two databases apart that count the same version, such as one that
        was restored from a backup.
        """
        return (self.version, self.changed_at) == (version, changed_at)


def unknown_snapshot() -> Snapshot:
    """What a process runs that never reached the database: stale from the start, so legacy alone."""
    return Snapshot(
        version=0,
        changed_at=None,
        flags=FlagSet(),
        cohort=None,
        confirmed=float("-inf"),
        confirmed_at=datetime.fromtimestamp(0, UTC),
    )

"""Which path a booking takes, read once per run and kept until the booking gets final."""

from dataclasses import dataclass
from typing import Any

from assignments.engine.flags import Mode
from assignments.flags import Snapshot
from bookings.models import Booking


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """The path, the version of the flags that chose it, and how many runs its restaurant may have."""

    mode: Mode
    flag_version: int | None
    limit: int

    @property
    def pin(self) -> dict[str, Any]:
        """The booking's columns that keep the route."""
        return {"assignment_path": self.mode.value, "assignment_flag_version": self.flag_version}


def route_of(booking: Booking, snapshot: Snapshot) -> Route:
    """The route a booking is on, or the one the flags give it now.

    A route holds from the first claim of a cycle to a final state, so that a flag that flips halfway
    does not split a booking between two planners. A kill beats it: whatever is not running yet goes
    to legacy, and stays there if the kill is taken back before its next attempt.
    """
    limit = snapshot.max_parallel(booking.restaurant_id)
    under_way = booking.assignment_attempts > booking.assignment_cycle_start
    if under_way and booking.assignment_path and not snapshot.killed:
        mode, version = Mode(booking.assignment_path), booking.assignment_flag_version
        if mode is Mode.ACTIVE and (version or 0) < snapshot.last_kill:
            return Route(mode=Mode.DISABLED, flag_version=snapshot.version, limit=limit)
        return Route(mode=mode, flag_version=version, limit=limit)
    mode = snapshot.mode(booking.restaurant_id, booking.pk)
    return Route(mode=mode, flag_version=snapshot.version, limit=limit)

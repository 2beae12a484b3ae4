"""The states a booking went through and how long it stayed in each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from assignments.decision_text import sentence
from bookings.display.looks import look
from bookings.models import Booking, StateChange
from bookings.states import FINAL, State
from config.console.elapsed import elapsed
from config.console.local_time import LocalTime, local_time

#: States the picture has room for; the table below it has all of them.
MOST = 8

_TONES = {State.MANUAL_REVIEW: "stop", State.CANCELLED: "stop", State.CONFIRMED: "done"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """`took` is the stay in this state, empty for the present one; `tone` a class of `.track`."""

    version: int
    label: str
    at: LocalTime
    second: str
    took: str
    tone: str
    by: str
    why: str
    code: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Track:
    """`earlier` counts the states that the picture leaves out."""

    steps: tuple[Step, ...]
    shown: tuple[Step, ...]
    earlier: int
    summary: str
    is_final: bool


def track_of(booking: Booking, *, now: datetime) -> Track:
    """One query. Imported history has no steps."""
    changes = list(booking.state_history.select_related("actor").order_by("version"))
    ends = [change.created_at for change in changes[1:]]
    steps = tuple(
        _step(change, ends[index] if index < len(ends) else None, booking)
        for index, change in enumerate(changes)
    )
    return Track(
        steps=steps,
        shown=steps[-MOST:],
        earlier=max(0, len(steps) - MOST),
        summary=_summary(booking, changes, now),
        is_final=booking.assignment_state is None or booking.assignment_state in FINAL,
    )


def _step(change: StateChange, until: datetime | None, booking: Booking) -> Step:
    state = State(change.to_state)
    standing = "now" if state not in FINAL else _TONES[state]
    return Step(
        version=change.version,
        label=look(state).label,
        at=local_time(change.created_at, booking.restaurant),
        second=f"{change.created_at.astimezone(booking.restaurant.tzinfo):%H:%M:%S}",
        took=elapsed(until - change.created_at) if until else "",
        tone="done" if until else standing,
        by=str(change.actor) if change.actor else "automation",
        why=sentence(change.reason) if change.reason else "",
        code=change.reason or "",
    )


def _summary(booking: Booking, changes: Sequence[StateChange], now: datetime) -> str:
    """Such as "Version 8, confirmed in 0.5 s, in this state for 11 min"."""
    if not changes:
        return "Imported history: it takes no part in assignment"
    first, last = changes[0], changes[-1]
    confirmed = next((change for change in changes if change.to_state == State.CONFIRMED), None)
    words = [f"Version {booking.assignment_state_version}"]
    if confirmed:
        words.append(f"confirmed in {elapsed(confirmed.created_at - first.created_at)}")
    words.append(f"in this state for {elapsed(now - last.created_at)}")
    return ", ".join(words)

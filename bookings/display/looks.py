"""How assignment states look, on every page: a word, a shape and a tone each."""

from collections.abc import Mapping
from dataclasses import dataclass

from bookings.states import State


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """`icon` names a symbol of the sprite, `tone` a variant of `.chip`; colour never stands alone."""

    label: str
    icon: str
    tone: str


LOOKS: Mapping[State, Look] = {
    State.CREATED: Look(label="Received", icon="ring", tone="unknown"),
    State.CAPACITY_VERIFIED: Look(label="Capacity verified", icon="ring", tone="unknown"),
    State.ASSIGNMENT_PENDING: Look(label="Waiting for a worker", icon="ring", tone="unknown"),
    State.ASSIGNMENT_IN_PROGRESS: Look(label="Being assigned", icon="half", tone="moving"),
    State.ASSIGNED: Look(label="Assigned", icon="half", tone="moving"),
    State.CONFIRMED: Look(label="Confirmed", icon="ok", tone="good"),
    State.MANUAL_REVIEW: Look(label="Manual review", icon="warn", tone="watch"),
    State.CANCELLED: Look(label="Cancelled", icon="minus", tone="line"),
}
IMPORTED = Look(label="Imported", icon="audit", tone="line")


def look(state: str | None) -> Look:
    """The look of `Booking.assignment_state`; imported history has no state."""
    return IMPORTED if state is None else LOOKS[State(state)]

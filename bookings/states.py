"""Assignment states of a booking and the transitions between them. Pure data.

A coarse state decides what may happen next; a reason code explains how it came about. The rules
stand here, beside the bookings they bind, because intake and cancellation move a booking as well
as the coordinator does.
"""

from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    """Where a booking is on its way to a table."""

    CREATED = "created"
    CAPACITY_VERIFIED = "capacity_verified"
    ASSIGNMENT_PENDING = "assignment_pending"
    ASSIGNMENT_IN_PROGRESS = "assignment_in_progress"
    ASSIGNED = "assigned"
    CONFIRMED = "confirmed"
    MANUAL_REVIEW = "manual_review"
    CANCELLED = "cancelled"


_S = State

#: Legal transitions; anything absent here is refused, staying in place included.
TRANSITIONS: Mapping[State, frozenset[State]] = {
    _S.CREATED: frozenset({_S.CAPACITY_VERIFIED, _S.MANUAL_REVIEW, _S.CANCELLED}),
    _S.CAPACITY_VERIFIED: frozenset({_S.ASSIGNMENT_PENDING, _S.MANUAL_REVIEW, _S.CANCELLED}),
    _S.ASSIGNMENT_PENDING: frozenset({_S.ASSIGNMENT_IN_PROGRESS, _S.MANUAL_REVIEW, _S.CANCELLED}),
    _S.ASSIGNMENT_IN_PROGRESS: frozenset(
        {_S.ASSIGNED, _S.ASSIGNMENT_PENDING, _S.MANUAL_REVIEW, _S.CANCELLED},
    ),
    _S.ASSIGNED: frozenset({_S.CONFIRMED, _S.ASSIGNMENT_PENDING, _S.MANUAL_REVIEW, _S.CANCELLED}),
    _S.CONFIRMED: frozenset({_S.ASSIGNMENT_PENDING, _S.MANUAL_REVIEW, _S.CANCELLED}),
    _S.MANUAL_REVIEW: frozenset({_S.ASSIGNED, _S.ASSIGNMENT_PENDING, _S.CANCELLED}),
    _S.CANCELLED: frozenset({_S.MANUAL_REVIEW}),
}

#: States the automation leaves alone; a booking in one of them needs nothing from a worker.
FINAL = frozenset({State.CONFIRMED, State.MANUAL_REVIEW, State.CANCELLED})

#: What is left of the way to the claim, from each state a worker may find.
PATH_TO_CLAIM: Mapping[State, tuple[State, ...]] = {
    _S.CREATED: (_S.CAPACITY_VERIFIED, _S.ASSIGNMENT_PENDING, _S.ASSIGNMENT_IN_PROGRESS),
    _S.CAPACITY_VERIFIED: (_S.ASSIGNMENT_PENDING, _S.ASSIGNMENT_IN_PROGRESS),
    _S.ASSIGNMENT_PENDING: (_S.ASSIGNMENT_IN_PROGRESS,),
}

#: The way to be planned anew, from each state that is not the end. Waiting already, a booking is taken up
#: and put back, so that its version moves and whoever read it before loses.
PATH_TO_PENDING: Mapping[State, tuple[State, ...]] = {
    _S.CREATED: (_S.CAPACITY_VERIFIED, _S.ASSIGNMENT_PENDING),
    _S.CAPACITY_VERIFIED: (_S.ASSIGNMENT_PENDING,),
    _S.ASSIGNMENT_PENDING: (_S.ASSIGNMENT_IN_PROGRESS, _S.ASSIGNMENT_PENDING),
    _S.ASSIGNMENT_IN_PROGRESS: (_S.ASSIGNMENT_PENDING,),
    _S.ASSIGNED: (_S.ASSIGNMENT_PENDING,),
    _S.CONFIRMED: (_S.ASSIGNMENT_PENDING,),
    _S.MANUAL_REVIEW: (_S.ASSIGNMENT_PENDING,),
}


class IllegalTransitionError(ValueError):
    """A transition that the table of states does not allow. Trying again cannot help."""


def check_path(start: State, steps: tuple[State, ...]) -> None:
    """Raise IllegalTransitionError unless each step may follow the one before it."""
    state = start
    for step in steps:
        if step not in TRANSITIONS[state]:
            allowed = ", ".join(sorted(TRANSITIONS[state]))
            raise IllegalTransitionError(f"{state} to {step} is no legal transition; from {state}: {allowed}")
        state = step

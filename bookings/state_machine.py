"""Moves bookings through their assignment states: one function, one place.

A move is a compare-and-swap on (state, version) whose row count is checked. Each step adds one to
the version, one history row and one event, all in the caller's transaction: either everything of a
move is there or nothing. The version is the fence that holds when locks and leases fail.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from psycopg import sql
from psycopg.types.json import Jsonb

from bookings.models import Booking, StateChange
from bookings.states import State, check_path
from bookings.webhooks import hook
from observability import events


class StaleBookingError(Exception):
    """The booking is no longer in the state and version the caller saw; read it again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Position:
    """Where the caller saw a booking: what the compare-and-swap compares."""

    booking_id: int
    restaurant_id: int
    state: State
    version: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One transition: where to, and why when something failed."""

    to: State
    reason: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


def position_of(booking: Booking) -> Position:
    """The booking's present place. Raise ValueError for imported history, which has none."""
    if booking.assignment_state is None:
        raise ValueError(f"{booking.reference} is imported history and takes no part in assignment")
    return Position(
        booking_id=booking.pk,
        restaurant_id=booking.restaurant_id,
        state=State(booking.assignment_state),
        version=booking.assignment_state_version,
    )


def begin(*, booking: Booking, at: datetime, actor_id: int | None = None) -> None:
    """Write history row 1 of a booking saved as created, version 1. It has no event."""
    begin_all(bookings=[booking], at=at, actor_id=actor_id)


def begin_all(*, bookings: Sequence[Booking], at: datetime, actor_id: int | None = None) -> None:
    """The same for many, with one statement."""
    StateChange.objects.bulk_create(
        StateChange(booking=booking, to_state=State.CREATED, version=1, actor_id=actor_id, created_at=at)
        for booking in bookings
    )


def move(
    *,
    position: Position,
    steps: Sequence[Step],
    at: datetime,
    actor_id: int | None = None,
    source: str = events.STATE_MACHINE,
    event_type: str = "booking.assignment_state_transition",
    changes: Mapping[str, Any] | None = None,
    also: Sequence[events.Record] = (),
) -> Position:
    """Take the booking through `steps` and set the columns in `changes`; return its new position.

    `also` are further events of the same commit, written after those of the steps. Raises
    IllegalTransitionError for a step the table of states does not allow and StaleBookingError if the
    booking is not at `position` any more; then nothing is written.
    """
    check_path(position.state, tuple(step.to for step in steps))
    arrived = Position(
        booking_id=position.booking_id,
        restaurant_id=position.restaurant_id,
        state=steps[-1].to,
        version=position.version + len(steps),
    )
    legs = _legs(position, steps)
    transitions = [
        events.Record(
            source=source,
            event_type=event_type,
            at=at,
            restaurant_id=position.restaurant_id,
            booking_id=position.booking_id,
            context=_context(origin, step, version),
        )
        for origin, step, version in legs
    ]
    with transaction.atomic(savepoint=False):
        _swap(position, arrived, legs, {"updated_at": at, **(changes or {})}, at, actor_id)
        events.record([*transitions, *also])
        hook.announce(booking_id=arrived.booking_id, state=arrived.state, version=arrived.version, at=at)
    return arrived


_Leg = tuple[State, Step, int]


def _legs(position: Position, steps: Sequence[Step]) -> list[_Leg]:
    """Origin, step and resulting version of each transition."""
    origins = [position.state, *(step.to for step in steps)]
    return [(origins[i], step, position.version + i + 1) for i, step in enumerate(steps)]


_SWAP = """
WITH moved AS (
    UPDATE bookings SET assignment_state = %s, assignment_state_version = %s, {columns}
    WHERE id = %s AND assignment_state = %s AND assignment_state_version = %s
    RETURNING id)
INSERT INTO booking_assignment_state_history
    (booking_id, from_state, to_state, version, reason, metadata, actor_id, created_at)
SELECT moved.id, leg.*, %s, %s
FROM moved, unnest(%s::text[], %s::text[], %s::int[], %s::text[], %s::jsonb[]) leg
"""


def _swap(
    position: Position,
    arrived: Position,
    legs: Sequence[_Leg],
    changes: Mapping[str, Any],
    at: datetime,
    actor_id: int | None,
) -> None:
    """Compare, swap and write the history in one statement: no history without the swap."""
    values: list[Any] = [Jsonb(value) if isinstance(value, dict) else value for value in changes.values()]
    columns = sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in changes)
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL(_SWAP).format(columns=columns),
            [
                arrived.state,
                arrived.version,
                *values,
                position.booking_id,
                position.state,
                position.version,
                actor_id,
                at,
                [origin.value for origin, _, _ in legs],
                [step.to.value for _, step, _ in legs],
                [version for _, _, version in legs],
                [step.reason for _, step, _ in legs],
                [json.dumps(dict(step.metadata)) for _, step, _ in legs],
            ],
        )
        if cursor.rowcount != len(legs):
            raise StaleBookingError(
                f"booking {position.booking_id} is no longer {position.state}, version {position.version}"
            )


def _context(origin: State, step: Step, version: int) -> dict[str, Any]:
    return {
        "from": origin.value,
        "to": step.to.value,
        "version": version,
        "reason": step.reason,
        "metadata": dict(step.metadata),
    }

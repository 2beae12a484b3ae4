"""Moves bookings through their assignment states: one function, one place.

A move is a compare-and-swap on (state, version) whose row count is checked. Each step adds one to
the version, one history row and one event, all in the caller's transaction: either everything of a
move is there or nothing. The version is the fence that holds when locks and leases fail.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from django.db import connection, transaction
from psycopg.types.json import Jsonb

from bookings.models import Booking
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


_BEGIN = """
INSERT INTO booking_assignment_state_history (booking_id, to_state, version, actor_id, metadata, created_at)
SELECT booking_id, %s, 1, %s, '{}', %s FROM unnest(%s::bigint[]) AS booking_id
"""


def begin(*, booking: Booking, at: datetime, actor_id: int | None = None) -> None:
    """Write history row 1 of a booking saved as created, version 1. It has no event."""
    begin_all(bookings=[booking], at=at, actor_id=actor_id)


def begin_all(*, bookings: Sequence[Booking], at: datetime, actor_id: int | None = None) -> None:
    """The same for many, with one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_BEGIN, [State.CREATED, actor_id, at, [booking.pk for booking in bookings]])


@dataclass(frozen=True, kw_only=True, slots=True)
class Rider:
    """What rides in the statement of a move, so that one round trip does it all or nothing of it.

    Each part is SQL with named parameters. `before` is a list of CTEs, and the move is made only if the
    one that `gate` names has a row. `after` is a list of CTEs that take their rows from `moved` (id,
    revision and guest_email as they are now), empty unless the booking moved. `answer` lists expressions
    that come back, `context` adds to the events'.
    """

    before: str = ""
    gate: str = ""
    after: str = ""
    answer: str = "NULL"
    context: str = "event.context"


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """Where a move came to, None if the booking was not there or the gate was shut, and the answer."""

    position: Position | None
    answer: tuple[Any, ...]


ALONE = Rider()


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
    transitions = transition_records(
        position=position, steps=steps, at=at, source=source, event_type=event_type
    )
    arrival = move_with(
        rider=ALONE,
        values={},
        position=position,
        steps=steps,
        at=at,
        actor_id=actor_id,
        changes=changes or {},
        records=[*transitions, *also],
    )
    return arrived(arrival, position)


def arrived(arrival: Arrival, position: Position) -> Position:
    """The new position. Raises StaleBookingError if the booking was not at the old one any more."""
    if arrival.position is None:
        raise StaleBookingError(
            f"booking {position.booking_id} is no longer {position.state}, version {position.version}"
        )
    return arrival.position


def move_with(
    *,
    rider: Rider,
    values: Mapping[str, Any],
    position: Position,
    steps: Sequence[Step],
    at: datetime,
    changes: Mapping[str, Any],
    records: Sequence[events.Record],
    actor_id: int | None = None,
) -> Arrival:
    """Compare, swap, write the history, the events and what rides along, in one statement.

    Endpoints that want to hear of it are told in the same transaction. `values` are the rider's parameters,
    `records` all events, those of the steps included. Raises IllegalTransitionError for a step the table
    of states does not allow. What `before` wrote stays written if the booking did not move: the caller's
    transaction must then roll back.
    """
    check_path(position.state, tuple(step.to for step in steps))
    to = Position(
        booking_id=position.booking_id,
        restaurant_id=position.restaurant_id,
        state=steps[-1].to,
        version=position.version + len(steps),
    )
    changes = {"updated_at": at, **changes}
    statement = _statement(rider, tuple(changes))
    parameters = {
        **values,
        **{f"set_{name}": _adapted(value) for name, value in changes.items()},
        "booking": position.booking_id,
        "from_state": position.state.value,
        "from_version": position.version,
        "to_state": to.state.value,
        "to_version": to.version,
        "actor": actor_id,
        "at": at,
        "legs": _legs_as_rows(position, steps),
        "events": events.as_rows(records),
    }
    if not hook.is_wanted(to.state):
        return _carry_out(statement, parameters, to)
    with transaction.atomic(savepoint=False):
        arrival = _carry_out(statement, parameters, to)
        if arrival.position is not None:
            hook.announce(booking_id=to.booking_id, state=to.state, version=to.version, at=at)
    return arrival


def _carry_out(statement: str, parameters: Mapping[str, Any], to: Position) -> Arrival:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        moved, *answer = cursor.fetchone()
    return Arrival(position=to if moved else None, answer=tuple(answer))


def transition_records(
    *,
    position: Position,
    steps: Sequence[Step],
    at: datetime,
    source: str = events.STATE_MACHINE,
    event_type: str = "booking.assignment_state_transition",
) -> list[events.Record]:
    """One event for each step; what is not there takes no room in a table of millions."""
    return [
        events.Record(
            source=source,
            event_type=event_type,
            at=at,
            restaurant_id=position.restaurant_id,
            booking_id=position.booking_id,
            context={
                "from": origin.value,
                "to": step.to.value,
                "version": version,
                **({"reason": step.reason} if step.reason else {}),
                **({"metadata": step.metadata} if step.metadata else {}),
            },
        )
        for origin, step, version in legs(position, steps)
    ]


Leg = tuple[State, Step, int]


def legs(position: Position, steps: Sequence[Step]) -> list[Leg]:
    """Origin, step and resulting version of each transition."""
    origins = [position.state, *(step.to for step in steps)]
    return [(origins[i], step, position.version + i + 1) for i, step in enumerate(steps)]


_STATEMENT = """
WITH {before}
moved AS (
    UPDATE bookings SET assignment_state = %(to_state)s, assignment_state_version = %(to_version)s, {columns}
    {gate}
    WHERE bookings.id = %(booking)s AND assignment_state = %(from_state)s
      AND assignment_state_version = %(from_version)s
    RETURNING bookings.id, bookings.revision, bookings.guest_email),
history AS (
    INSERT INTO booking_assignment_state_history
        (booking_id, from_state, to_state, version, reason, metadata, actor_id, created_at)
    SELECT moved.id, leg.*, %(actor)s, %(at)s
    FROM moved, json_to_recordset(%(legs)s::json) AS leg (
        from_state text, to_state text, version int, reason text, metadata jsonb)),
told AS ({events} WHERE EXISTS (SELECT FROM moved)){after}
SELECT EXISTS (SELECT FROM moved), {answer}
"""


@cache
def _statement(rider: Rider, columns: tuple[str, ...]) -> str:
    """The text is the same for the same kind of move, so that the server keeps it prepared."""
    return _STATEMENT.format(
        before=f"{rider.before}," if rider.before else "",
        columns=", ".join(f'"{name}" = %(set_{name})s' for name in columns),
        gate=f"FROM {rider.gate}" if rider.gate else "",
        events=events.insertion(context=rider.context),
        after=f",{rider.after}" if rider.after else "",
        answer=rider.answer,
    )


def _adapted(value: Any) -> Any:
    return Jsonb(value) if isinstance(value, dict) else value


def _legs_as_rows(position: Position, steps: Sequence[Step]) -> str:
    return json.dumps(
        [
            {
                "from_state": origin.value,
                "to_state": step.to.value,
                "version": version,
                "reason": step.reason,
                "metadata": step.metadata,
            }
            for origin, step, version in legs(position, steps)
        ],
        default=dict,
    )

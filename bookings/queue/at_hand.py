"""The task that a worker process works on, and its row in the queue."""

from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class _AtHand:
    """The queue's row; None where there is none, or none any more."""

    row: int | None = None


_at_hand = _AtHand()


def take_up(row: int | None) -> None:
    """This process begins a task."""
    _at_hand.row = row


def put_down() -> int | None:
    """This process ended its task. The row that is still to be taken off the queue, if it went well."""
    row, _at_hand.row = _at_hand.row, None
    return row


def acknowledging(*, after: str) -> str:
    """A statement that takes the task at hand off the queue if the CTE `after` has a row.

    For a commit that does all the task was there for: neither a second one nor a message between processes is
    needed then, and no worker that dies in between leaves a task behind for which there is nothing to do. Say
    `acknowledged` once it is committed. Outside of a worker it finds nothing.
    """
    return f"DELETE FROM django_q_ormq USING {after} WHERE django_q_ormq.id = %(task_row)s"  # noqa: S608 - ours


def acknowledging_values() -> dict[str, Any]:
    """The parameters of `acknowledging`."""
    return {"task_row": _at_hand.row}


def acknowledged() -> None:
    """The task at hand is off the queue: nobody else needs to take it off."""
    _at_hand.row = None

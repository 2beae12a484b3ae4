"""Fail points: places where a worker can be made to die or stop, put in from outside.

Production code knows nothing of them. This app, which only the settings of chaos install, wraps named
functions. A point is armed by a file in CHAOS_ARMED; the process that takes
the file away is the one that is hit.
"""

import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any

from django.apps import AppConfig

#: Notes of a booking that kills whoever plans it.
POISON = "poison"

#: Packages whose modules may hold the functions.
FLOORS = ("assignments.", "bookings.", "observability.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """A function by `module:name` of its definition, and whether it is hit before or after the call."""

    where: str
    before: bool = False


POINTS: Mapping[str, Point] = {
    "locked, not yet claimed": Point(where="assignments.coordinator.claim:claim", before=True),
    "booking read": Point(where="assignments.coordinator.subject:load_subject"),
    "claimed": Point(where="assignments.coordinator.claim:claim"),
    "facts loaded": Point(where="assignments.facts_store:load_facts"),
    "decided": Point(where="assignments.engine.decide:decide"),
    "finishing": Point(where="assignments.coordinator.finish:confirm", before=True),
    "finished, not yet committed": Point(where="assignments.coordinator.finish:_close"),
    "finishing, tables held": Point(where="bookings.allocations:hold"),
    "finishing, transition written": Point(where="bookings.state_machine:move"),
    "mail promised": Point(where="bookings.outbox.news:tell_guest"),
    "confirmed": Point(where="assignments.coordinator.finish:confirm"),
    "failure recorded": Point(where="assignments.coordinator.finish:fail"),
    "mail claimed": Point(where="bookings.outbox.delivery:_claim"),
    "mail accepted, not yet settled": Point(where="bookings.outbox.delivery:_settle", before=True),
    "mail settled": Point(where="bookings.outbox.delivery:_settle"),
    "task ended, its worker's lock held": Point(where="observability.log_context:end_task"),
    "lost run recovered": Point(where="assignments.sweeper:recover"),
}


class FailPoints(AppConfig):
    """Puts the fail points in once all apps are known."""

    name = "tests.chaos"

    def ready(self) -> None:
        armed = Path(os.environ["CHAOS_ARMED"])
        for name, point in POINTS.items():
            _wrap(point.where, _hit(armed / name), before=point.before)
        _wrap("assignments.facts_store:load_facts", _die_of_poison, before=True)


def _wrap(where: str, hit: Callable[..., None], *, before: bool) -> None:
    """Replace a function, wherever it was imported to, by one that calls `hit` with the same arguments."""
    module, _, name = where.partition(":")
    function = getattr(import_module(module), name)

    @wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if before:
            hit(*args, **kwargs)
        result = function(*args, **kwargs)
        if not before:
            hit(*args, **kwargs)
        return result

    for holder in list(sys.modules.values()):
        if getattr(holder, "__name__", "").startswith(FLOORS) and vars(holder).get(name) is function:
            setattr(holder, name, wrapped)


def _hit(armed: Path) -> Callable[..., None]:
    def hit(*_: Any, **__: Any) -> None:
        try:
            action = armed.read_text()
            armed.unlink()
        except FileNotFoundError:
            return
        os.kill(os.getpid(), signal.Signals[action])

    return hit


def _die_of_poison(*, booking: Any, **_: Any) -> None:
    if booking.notes == POISON:
        os.kill(os.getpid(), signal.SIGKILL)

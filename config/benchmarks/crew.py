"""Processes that work at the same time, each with a database connection of its own, for many rounds.

They live through all rounds, as workers do: connecting, imports and caches are paid for once.
"""

import multiprocessing
import signal
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.cache import caches
from django.db import connections

from bookings.lifeline import end_with_parent

Result = TypeVar("Result")


class CrewError(RuntimeError):
    """A process failed; the message holds its traceback."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Round(Generic[Result]):
    """What each process returned, and the seconds from the first one's start to the last one's end."""

    results: Sequence[Result]
    seconds: float


class Crew:
    """Forked processes that wait for work."""

    def __init__(self, pipes: Sequence[Any]) -> None:
        self._pipes = pipes

    def do(self, work: Callable[..., Result], arguments: Sequence[tuple[Any, ...]]) -> Round[Result]:
        """Call `work(*args)` in each process, all at once; each gets one of `arguments`.

        Raises CrewError if one of them fails.
        """
        for pipe, args in zip(self._pipes, arguments, strict=True):
            pipe.send((work, args))
        answers = [pipe.recv() for pipe in self._pipes]
        for succeeded, value, _, _ in answers:
            if not succeeded:
                raise CrewError(value)
        began, ended = min(answer[2] for answer in answers), max(answer[3] for answer in answers)
        return Round(results=[value for _, value, _, _ in answers], seconds=ended - began)


@contextmanager
def crew(size: int) -> Iterator[Crew]:
    """So many processes, ended with the block."""
    context = multiprocessing.get_context("fork")
    connections.close_all()
    caches.close_all()
    pairs = [context.Pipe() for _ in range(size)]
    barrier = context.Barrier(size)
    children = [context.Process(target=_serve, args=(theirs, barrier), daemon=True) for _, theirs in pairs]
    for child in children:
        child.start()
    for _, theirs in pairs:
        theirs.close()
    try:
        yield Crew([ours for ours, _ in pairs])
    finally:
        for ours, _ in pairs:
            ours.close()
        for child in children:
            child.terminate()
            child.join()


def _serve(pipe: Any, barrier: Any) -> None:
    end_with_parent(signal.SIGKILL)
    # What the parent had cached belongs to its process.
    connections.close_all()
    while True:
        work, args = pipe.recv()
        barrier.wait()
        began = time.monotonic()
        try:
            value, succeeded = work(*args), True
        except Exception:  # noqa: BLE001 - told to the parent
            value, succeeded = traceback.format_exc(), False
        pipe.send((succeeded, value, began, time.monotonic()))
